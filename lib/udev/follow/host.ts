import type {Host} from '../command/host.ts';
import {globMatches} from '../rules/glob.ts';
import type {Guest} from '../guest.ts';
import type {Oracle} from './explore.ts';
import type {Kernel} from './kernel.ts';
import {globbed, normalized, targetOf} from './paths.ts';
import type {By} from './types.ts';
import {shown, unknown} from './unknown.ts';

/** What something that is not known may write: that it sets blocks offline is not what is supposed of it. */
const WORDS = ['online', 'online_kernel', 'online_movable'];

/** What a command of a rule finds when udevd starts it. */
export function hostFor(kernel: Kernel<By>, oracle: Oracle, guest: Guest, by: By, key: string, step: () => void): Host {
  const there = (path: string): boolean => {
    const {kind} = targetOf(path);
    if (kind === 'directory' || kind === 'policy') return true;
    if (kind === 'block') return kernel.read(path) !== undefined;
    return oracle.choose(`whether ${shown(path)} is there`, path, [true, false]);
  };
  return {
    oracle,
    guest,
    step,
    acts: key === 'RUN',
    name: `${key}="${shown(by.command ?? '')}" (${by.place.file}:${by.place.line})`,
    exists: there,
    read: (path) => readFile(path, kernel, there),
    write: (path, text) => kernel.write(path, text, by),
    glob: (pattern) => globbed(pattern, kernel.blocks, globMatches),
    mayWrite: (what) => {
      mayWrite(what, by, kernel, oracle);
    },
  };
}

function readFile(path: string, kernel: Kernel<By>, there: (path: string) => boolean): string | undefined {
  if (path === '/dev/null') return '';
  const value = kernel.read(path);
  if (value !== undefined) return `${value}\n`;
  const {kind} = targetOf(path);
  if (kind !== 'other' && kind !== 'cpu') return undefined;
  return there(path) ? unknown(`what ${shown(normalized(path))} says`) : undefined;
}

/** Something that is not known may online the block, or do nothing. */
function mayWrite(what: string, by: By, kernel: Kernel<By>, oracle: Oracle): void {
  const {found} = kernel;
  if (!found || !by.concerns) return;
  const word = oracle.choose(what, 'writes', ['', ...WORDS]);
  if (word !== '') kernel.write(`/sys/devices/system/memory/memory${found.block}/state`, word, {...by, guess: what});
}
