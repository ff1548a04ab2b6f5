import type {Device} from './device.ts';
import {exactly, type Text, type Truth} from './maybe.ts';
import type {Place} from './finding.ts';
import type {Token} from './rule.ts';

/** A write to the state of a block that rules may do. */
export interface Write {
  /** What is written; several where it depends on something unknown. */
  readonly value: Text;
  /** Whether udevd gets there. */
  readonly certain: Truth;
  readonly how: 'attribute' | 'program';
  readonly place: Place;
}

/** Whether an assignment writes to the state of the block, and what: by its attribute, or by its switch `online`. */
export function stateWritten(token: Pick<Token, 'key' | 'attr'>, device: Device, value: Text): Text | undefined {
  if (token.key !== 'ATTR') return undefined;
  const own = /^\[memory\/[^\]]*\]\/?(.*)$/.exec(token.attr ?? '');
  const name = own?.[1] ?? token.attr;
  if (name === 'state') return value;
  if (name !== 'online' || device.subsystem !== 'memory') return undefined;
  return {...value, values: value.values.map((one) => (/^[1yYtT]|^on$/.test(one) ? 'online' : /^[0nNfF]|^off$/.test(one) ? 'offline' : one))};
}

/** Whether a token assigns the state of the device. */
export const writesState = ({key, op, attr, value}: Pick<Token, 'key' | 'op' | 'attr' | 'value'>): boolean =>
  (key === 'ATTR' && op === '=' && STATE.test(attr ?? '')) || (key === 'RUN' && attr !== 'builtin' && commandWrites(value) !== undefined);

const STATE = /^(\[memory\/[^\]]*\]\/?)?(state|online)$/;

const ECHO = /\b(?:echo|printf)\s+(?:-\w+\s+)?["']?(\w+)(?:\\n)?["']?\s*>>?\s*["']?[^\s;&|"']*\/(state|online)\b/;

/** What a command that RUN runs writes to a block's state; any word where that can't be read from it. */
export function commandWrites(command: string): Text | undefined {
  const [, word = '', file] = ECHO.exec(command) ?? [];
  const aboutMemory = /\$(env\{DEVPATH\}|devpath|kernel|number|sys)|%[pknS]|memory/.test(command);
  if (word !== '' && aboutMemory) return exactly(file === 'online' ? (word === '1' ? 'online' : 'offline') : word);
  if (/\/memory[^ ]*\/state\b/.test(command) || /\bchmem\s+(-\w+\s+)*(-e|--enable)\b/.test(command) || /\bdaxctl\s+online-memory\b/.test(command)) return {values: [], open: true};
  return undefined;
}
