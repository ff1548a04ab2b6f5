import {lintRoot, type RootLinted, type RootQuestion} from '../lint-root.ts';
import {laidOver} from '../tree/memory.ts';
import {dirOf, joined, baseOf} from '../tree/nodes.ts';
import {Tree} from '../tree/tree.ts';
import {parameter} from './parameter.ts';
import {masks, tmpfiles} from './policy.ts';
import {keptOf, together, type Remedy, type Written} from './remedy.ts';
import {copies, ownRule} from './rules.ts';
import {answers, fulfils, type Want} from './wanted.ts';

/**
 * A fix that was proved: with its files laid over the root the lint gives the wanted answer, for all machines that were
 * asked about.
 */
export interface Proved {
  readonly remedy: Remedy;
  readonly linted: RootLinted;
}

export type Fix =
  /** Nothing is to be done. */
  | {readonly kind: 'already'}
  /** `boot`: what is needed besides for memory that is there at boot, where `fix` leaves that as it was. */
  | {readonly kind: 'fix'; readonly fix: Proved; readonly boot: Proved | undefined; readonly bootAsWanted: boolean}
  /** Nothing that is known of gives the wanted answer. */
  | {readonly kind: 'none'; readonly tried: number; readonly why: string};

/** Looks for files that make a root do with plugged memory what is wanted, and proves it. */
export function fixRoot(linted: RootLinted, question: RootQuestion, want: Want): Fix {
  if (linted.machines.every((answer) => answers(want, answer))) return {kind: 'already'};
  if (linted.answer.never) return {kind: 'none', tried: 0, why: linted.answer.never.why};
  const all = remediesFor(linted, want);
  const proved = all.flatMap((remedy): Proved[] => {
    const after = lintRoot(withFiles(linted.root.tree, remedy), {
      ...question,
      after: remedy.reboot ? 'boot' : remedy.setsPolicy ? 'writing' : undefined,
    });
    return after.machines.every((answer) => answers(want, answer)) ? [{remedy, linted: after}] : [];
  });
  const [fix] = proved;
  if (!fix) return {kind: 'none', tried: all.length, why: whyNone(linted)};
  const atBoot = ({linted: after}: Proved): boolean => after.machines.every((answer) => fulfils(want, answer.atBoot));
  return {kind: 'fix', fix, bootAsWanted: atBoot(fix), boot: atBoot(fix) ? undefined : proved.find(atBoot)};
}

/**
 * What can be done, the least first: a rule where rules decide, the kernel's policy where that does, and what is in the
 * way of both.
 */
function remediesFor({root, kernel, machines}: RootLinted, want: Want): Remedy[] {
  const rule = ownRule(root, want);
  const acting = machines
    .flatMap(({plugged: {fates}}) => fates.flatMap(({who, refused}) => [who ?? '', ...refused.map(({rule}) => rule)]))
    .map((place) => place.replace(/:\d+$/, ''));
  const copied = copies(root, want, (path) => acting.includes(path));
  const all = copies(root, want, () => true);
  const policy = tmpfiles(root, kernel, want);
  const given = parameter(root, kernel, want);
  const off = masks(root);
  const plain = [
    [copied ? undefined : rule],
    [copied],
    [rule],
    [policy],
    [policy, copied],
    [all],
    [policy, all],
    [policy, rule],
    [given],
    [given, copied],
    [given, policy],
    [given, policy, copied],
    [given, policy, all],
  ];
  const some = plain
    .map((parts) => (parts.includes(undefined) ? undefined : together(...parts.filter((one) => one !== undefined))))
    .filter((one) => one !== undefined);
  return off ? [...some, off, ...some.map((one) => together(one, off))] : some;
}

/** A root as it would be with the files of a fix. */
export function withFiles(tree: Tree, remedy: Remedy): Tree {
  const real = (path: string): string => joined(tree.real(dirOf(path)) ?? dirOf(path), baseOf(path));
  const moved = (file: Written): Written => ({...file, path: real(file.path)});
  return new Tree(
    laidOver(tree.nodes, keptOf({...remedy, files: remedy.files.map(moved), made: remedy.made.map(moved)})),
  );
}

function whyNone({answer, kernel}: RootLinted): string {
  const on = answer.plugged.dependsOn;
  const last = answer.chain.steps.at(-1);
  if (on.length > 0) return `what becomes of plugged memory depends on ${on.join(' and ')}`;
  return `${last ? `auto_online_blocks is set by ${last.by}` : 'nobody is known who sets the policy'}${kernel.line.from === undefined ? ", and there is no boot loader's configuration in this " + 'root to write a parameter into' : ''}`;
}
