import {guestName, type Policy} from '../guest.ts';
import {lintLayers} from '../lint/shadowed.ts';
import type {Linted} from '../lint/files.ts';
import {UsageError} from '../../util/errors.ts';
import {answerFor, machinesOf, type Answer} from './answer.ts';
import {readKernel, readRoot, type KernelFacts, type RootFacts} from './facts.ts';
import type {Virt} from './fate.ts';
import {policiesAfter} from './policy.ts';
import {reasonsOf, type Reason} from './reasons.ts';
import {findingsOf, rootFindings, type RootFinding, type RootFindingId} from './root-findings.ts';
import {bootSentenceOf, sentenceOf} from './sentence.ts';
import type {Tree} from './tree/tree.ts';

/** What a lint of a root is asked. */
export interface RootQuestion {
  /** The root of the system that runs this. */
  readonly running: boolean;
  /** For one kind of machine, as systemd-detect-virt says; else for KVM, and where others differ. */
  readonly virt?: string | undefined;
  /** Where the root does not tell its own. */
  readonly arch?: string | undefined;
  /** For one of its kernels; else the one that boots by itself. */
  readonly kernel?: string | undefined;
  /** For this auto_online_blocks, whatever the root sets. */
  readonly policy?: Policy | undefined;
  /**
   * As it will be: what the running system reads now is not asked, once a file that sets it is written or it has booted
   * again.
   */
  readonly after?: 'writing' | 'boot' | undefined;
  /** A path of the root as a person would find it. */
  readonly shown: (path: string) => string;
}

/** The answer for a whole root. */
export interface RootLinted {
  readonly root: RootFacts;
  readonly kernel: KernelFacts;
  readonly answer: Answer;
  /** Of all machines that were looked at, the answer's own first. */
  readonly machines: readonly Answer[];
  readonly sentence: string;
  readonly bootSentence: string | undefined;
  readonly reasons: readonly Reason[];
  readonly findings: readonly RootFinding[];
  /** Of the rules alone. */
  readonly rules: Linted;
}

/** Reads a whole root and says what becomes of memory that is plugged into it. */
export function lintRoot(tree: Tree, question: RootQuestion): RootLinted {
  const {running, shown, virt} = question;
  const read = readRoot(tree, running, shown);
  const root: RootFacts = {...read, arch: question.arch ?? read.arch};
  const kernel: KernelFacts = {
    ...readKernel(root, chosenKernel(root, question.kernel), question.after),
    assumed: question.policy,
  };
  const machines = [...new Set<Virt>(virt === undefined ? ['kvm', ...machinesOf(root)] : [virt])].map((one) =>
    answerFor(root, kernel, one),
  );
  const [answer] = machines;
  if (!answer) throw new Error('no machine to answer for');
  const sentence = sentenceOf(answer);
  const place = (path: string, line: number): string => `${shown(path)}:${line}`;
  const policies = policiesAfter(answer.chain.steps);
  return {
    root,
    kernel,
    answer,
    machines,
    sentence,
    bootSentence: bootSentenceOf(answer),
    reasons: reasonsOf(root, kernel, answer, place),
    findings: [
      ...findingsOf(root, kernel, answer, shown),
      ...ofAnswer(question, root, kernel, answer, sentence),
      ...ofMachines(machines, shown),
    ],
    rules: lintLayers(root.layers, {
      virt,
      arch: root.arch ?? 'x86-64',
      complete: true,
      ...(policies.length === 1 ? {policy: policies[0]} : {}),
    }),
  };
}

function chosenKernel({kernels, kernel}: RootFacts, wanted: string | undefined): string | undefined {
  if (wanted === undefined || kernels.includes(wanted) || kernel === wanted) return wanted ?? kernel;
  throw new UsageError(
    `no kernel ${wanted} in this root; ${kernels.length === 0 ? 'there is none' : `there are ${kernels.join(', ')}`}`,
  );
}

function ofAnswer(
  {kernel: asked, shown}: RootQuestion,
  root: RootFacts,
  kernel: KernelFacts,
  answer: Answer,
  sentence: string,
): RootFinding[] {
  const say = sayAt(shown);
  const found: RootFinding[] = [];
  const {fates, dependsOn} = answer.plugged;
  if (!answer.never && fates.length > 1 && dependsOn.length > 0)
    found.push(
      say(
        'root/depends',
        undefined,
        `depends on ${dependsOn.join(' and ')}`,
        'have one of them decide, and the others leave it',
      ),
    );
  if (!answer.never && fates.every(({state}) => state === 'offline'))
    found.push(
      say(
        'root/stays-unused',
        undefined,
        'nobody onlines plugged memory',
        'memhp udev lint ROOT --fix --want movable prints what does',
      ),
    );
  for (const other of asked === undefined ? root.kernels.filter((one) => one !== kernel.release) : []) {
    const facts: KernelFacts = {...readKernel(root, other), assumed: kernel.assumed};
    const theirs = sentenceOf(answerFor(root, facts, answer.virt));
    if (fatesKey(answerFor(root, facts, answer.virt)) !== fatesKey(answer))
      found.push(
        say(
          'root/other-kernel',
          facts.config?.path,
          `with kernel ${other}: ${theirs}`,
          sentence === theirs ? '' : `--kernel-release ${other} tells why`,
        ),
      );
  }
  return found;
}

function ofMachines([first, ...others]: readonly Answer[], shown: (path: string) => string): RootFinding[] {
  if (!first) return [];
  const bySentence = new Map<string, Answer[]>();
  for (const other of others)
    if (fatesKey(other) !== fatesKey(first))
      bySentence.set(sentenceOf(other), [...(bySentence.get(sentenceOf(other)) ?? []), other]);
  return [...bySentence].map(([sentence, answers]) => {
    const names = answers.map(({virt}) => guestName({virt, arch: ''}).trim());
    const who =
      answers.flatMap(({plugged}) => plugged.fates.map((fate) => fate.who)).find((one) => one !== undefined) ??
      first.plugged.fates[0]?.who;
    return {
      ...sayAt(shown)(
        'root/other-machine',
        undefined,
        `on ${names.join(', ')}: ${sentence}`,
        `--virt ${answers[0]?.virt ?? ''} tells why`,
      ),
      ...placeOf(who, shown),
    };
  });
}

const sayAt =
  (shown: (path: string) => string) =>
  (id: RootFindingId, path: string | undefined, message: string, fix: string): RootFinding => ({
    id,
    level: rootFindings[id][0],
    file: shown(path ?? ''),
    line: 1,
    col: 1,
    message,
    fix,
  });

/** `FILE:LINE` taken apart. */
function placeOf(who: string | undefined, shown: (path: string) => string): {file?: string; line?: number} {
  const [, file, line] = /^(.*):(\d+)$/.exec(who ?? '') ?? [];
  return file === undefined ? {} : {file: shown(file), line: Number(line)};
}

const fatesKey = ({plugged: {fates}, never}: Answer): string =>
  JSON.stringify([never?.why, fates.map(({state, zone, by, who}) => [state, zone, by, who])]);
