import {clean} from '../util/text.ts';
import type {Effect} from './effect.ts';
import {guestNames, policies} from './guest.ts';
import type {Linted} from './lint.ts';

/** Findings for people: `file:line:col level id sentence`, the fix under it, and then what becomes of a plugged block. */
export function printed({findings, effects, files}: Linted): string {
  const lines = findings.flatMap(({file, line, col, level, id, message, fix}) => [`${file}:${line}:${col}: ${level} ${id} ${message}`, `    fix: ${fix}`]);
  const counts = (['error', 'warning', 'info'] as const).map((level) => `${findings.filter((one) => one.level === level).length} ${level}`).join(', ');
  const rules = files.reduce((sum, file) => sum + file.rules.length, 0);
  return [...lines, ...(lines.length > 0 ? [''] : []), ...effectLines(effects), `${files.length} files, ${rules} rules: ${counts}`, ''].map((line) => clean(line).replaceAll('\n', ' ')).join('\n');
}

/** `unchanged` for people. */
const WORDS: Readonly<Record<string, string>> = {unchanged: 'left as it is', online: 'online', online_kernel: 'online_kernel', online_movable: 'online_movable', offline: 'offline'};

/** What becomes of a plugged block, by policy and then by what happens. */
export function effectLines(effects: readonly Effect[]): string[] {
  if (effects.length === 0) return ['No rule writes to the state of a memory block.'];
  const tables = new Map<string, string[]>();
  for (const policy of policies) {
    const table = outcomes(effects.filter(({guest}) => guest.policy === policy)).join('\n');
    if (table !== '') tables.set(table, [...(tables.get(table) ?? []), policy]);
  }
  const lines = [...tables].flatMap(([table, names]) => [`  ${names.join(', ')}`, ...table.split('\n')]);
  return ['What becomes of a plugged memory block, by auto_online_blocks:', ...lines];
}

/** Findings for programs. */
export function toJson({findings, effects, files}: Linted): unknown {
  return {
    files: files.map(({path, rules}) => ({path, rules: rules.length})),
    findings,
    effects: effects.map(({guest, outcome, writes}) => ({...guest, outcome, writes: writes.map(({value, certain, how, place}) => ({...place, how, certain: certain === 'yes', words: value.values, anyWord: value.open}))})),
  };
}

function outcomes(effects: readonly Effect[]): string[] {
  const byOutcome = new Map<string, Effect['guest'][]>();
  for (const {guest, outcome} of effects) {
    const words = outcome.map((word) => WORDS[word] ?? word).join(' or ');
    byOutcome.set(words, [...(byOutcome.get(words) ?? []), guest]);
  }
  return [...byOutcome].map(([words, guests]) => `    ${words.padEnd(24)} ${guestNames(guests)}`);
}
