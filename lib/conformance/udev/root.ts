import type {Onlining} from '../../results/udev.ts';
import {fixRoot, type Fix} from '../../udev/root/fix/fix.ts';
import type {Want} from '../../udev/root/fix/wanted.ts';
import {lintRoot, type RootLinted, type RootQuestion} from '../../udev/root/lint-root.ts';
import {memoryNodes} from '../../udev/root/tree/memory.ts';
import type {Nodes} from '../../udev/root/tree/nodes.ts';
import {Tree} from '../../udev/root/tree/tree.ts';
import {shellQuote} from '../../util/text.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {readRootFiles, readScripts} from './root-files.ts';
import {reloadUdev} from './rules.ts';

/** What the lint says of a guest's whole root, and what it was asked. */
export interface RootReading {
  readonly linted: RootLinted;
  readonly question: RootQuestion;
}

/**
 * Lints the guest's whole root as it is now, from its files alone: rules, kernel, its parameters, tmpfiles.d, units and
 * their scripts.
 */
export async function lintGuestRoot(guest: CaseGuest): Promise<RootReading> {
  const files = await readRootFiles(guest);
  const said = await guest.sh('systemd-detect-virt || true');
  const question: RootQuestion = {running: true, virt: said.trim(), shown: (path) => `/${path}`};
  const missed = new Set<string>();
  const first = lintRoot(new Tree(noting(memoryNodes(files), missed)), question);
  const scripts = missed.size === 0 ? new Map<string, never>() : await readScripts(guest, [...missed].sort());
  const linted =
    scripts.size === 0 ? first : lintRoot(new Tree(memoryNodes(new Map([...files, ...scripts]))), question);
  return {linted, question};
}

/** Notes programs that are asked for and were not fetched: units name them. */
function noting(nodes: Nodes, missed: Set<string>): Nodes {
  return {
    ...nodes,
    at: (path) => {
      const node = nodes.at(path);
      if (
        !node &&
        /^(usr\/(local\/)?s?bin|usr\/lib|opt|srv)\/.*[^/.]+$/.test(path) &&
        !/\/(udev|systemd\/system|modules|kernel|[a-z]+\.d)(\/|$)|config|libsystemd/.test(path)
      )
        missed.add(path);
      return node;
    },
  };
}

/**
 * What the lint says becomes of a plugged block: `kernel → Normal`, `udev → Movable`, `nobody → offline`; several where
 * it depends.
 */
export const fatesOfRoot = ({linted}: RootReading): string[] =>
  linted.answer.plugged.fates.map(({by, zone}) => `${by === 'program' ? 'udev' : by} → ${zone ?? 'offline'}`);

/** What became of blocks, in the same words. */
export const fatesSeen = (blocks: readonly Onlining[]): string[] => [
  ...new Set(
    blocks.map(
      ({attempts, zone}) =>
        `${attempts.find(({result}) => result === 'online')?.by ?? 'nobody'} → ${zone ?? 'offline'}`,
    ),
  ),
];

/** The fix that `memhp udev lint ROOT --fix` prints for the guest. */
export const fixOf = ({linted, question}: RootReading, want: Want): Fix => fixRoot(linted, question, want);

/** Writes a fix's files in the guest and gives the commands that it names. Nothing where it is as wanted already. */
export async function applyFix(guest: CaseGuest, fix: Fix): Promise<void> {
  if (fix.kind !== 'fix') return;
  const {files, then} = fix.fix.remedy;
  for (const file of files) {
    const path = `/${file.path}`;
    const make =
      'text' in file
        ? `printf '%s' ${shellQuote(file.text)} >${shellQuote(path)}`
        : `ln -sf ${shellQuote(file.target)} ${shellQuote(path)}`;
    await guest.step(`write ${path}`, () =>
      guest.sh(`mkdir -p ${shellQuote(path.replace(/\/[^/]*$/, ''))} && ${make}`),
    );
  }
  await guest.step(then.join('; '), () => guest.sh(then.join(' && ')));
  // old ones read the rules when the next uevent comes
  if (then.some((command) => command.startsWith('udevadm'))) await reloadUdev(guest);
}
