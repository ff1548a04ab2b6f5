import {archNamed, virts, type Policy} from '../udev/guest.ts';
import {lintLayers} from '../udev/lint/shadowed.ts';
import {printed, toJson} from '../udev/lint/print.ts';
import {fixRoot} from '../udev/root/fix/fix.ts';
import {fixToJson, printedFix} from '../udev/root/fix/print.ts';
import type {Want} from '../udev/root/fix/wanted.ts';
import {lintRoot, type RootQuestion} from '../udev/root/lint-root.ts';
import {openRoot, type Opened} from '../udev/root/open.ts';
import {printedRoot, rootToJson} from '../udev/root/print-root.ts';
import {readRules} from '../udev/rules/read.ts';
import {UsageError} from '../util/errors.ts';
import {jsonLine} from '../util/text.ts';

export interface UdevLintGiven {
  readonly json: boolean;
  readonly virt?: string;
  readonly arch?: string;
  readonly policy?: Policy;
  readonly kernelRelease?: string;
  readonly fix?: boolean;
  readonly want?: Want;
}

/** `memhp udev lint`: 1 where a finding is an error. */
export function udevLintCommand(paths: readonly string[], given: UdevLintGiven): number {
  const {json, virt, arch, policy} = given;
  if (virt !== undefined && !(virts as readonly string[]).includes(virt))
    throw new UsageError(`unknown virtualization "${virt}"; systemd-detect-virt says one of ${virts.join(', ')}`);
  const [only] = paths;
  const opened = only === undefined || paths.length > 1 ? undefined : openRoot(only);
  if (given.fix === true && given.want === undefined)
    throw new UsageError('--fix needs to know what is wanted: --want movable, normal or offline');
  if (given.want !== undefined && given.fix !== true) throw new UsageError('--want belongs to --fix');
  if (opened)
    return given.want === undefined ? rootCommand(opened, given) : fixCommand(opened, given, given.want, only ?? '');
  if (given.kernelRelease !== undefined || given.fix === true)
    throw new UsageError(
      '--kernel-release and --fix are about a root, and need exactly one directory that has etc, usr or boot in it',
    );
  const {layers, complete} = readRules(paths);
  const linted = lintLayers(layers, {virt, arch: arch === undefined ? undefined : archNamed(arch), policy, complete});
  process.stdout.write(json ? `${jsonLine(toJson(linted))}\n` : printed(linted));
  return linted.findings.some(({level}) => level === 'error') ? 1 : 0;
}

/** The answer for a whole root: 1 where a finding is an error. */
function rootCommand(opened: Opened, given: UdevLintGiven): number {
  const linted = lintRoot(opened.tree, questionOf(opened, given));
  process.stdout.write(given.json ? `${jsonLine(rootToJson(linted))}\n` : printedRoot(linted));
  return [...linted.findings, ...linted.rules.findings].some(({level}) => level === 'error') ? 1 : 0;
}

/** The files that make it as wanted: 1 where there are none that can be proved. */
function fixCommand(opened: Opened, given: UdevLintGiven, want: Want, root: string): number {
  const question = questionOf(opened, given);
  const linted = lintRoot(opened.tree, question);
  const fix = fixRoot(linted, question, want);
  process.stdout.write(given.json ? `${jsonLine(fixToJson(fix, want))}\n` : printedFix(fix, want, linted, root));
  return fix.kind === 'none' ? 1 : 0;
}

const questionOf = ({running, shown}: Opened, {virt, arch, policy, kernelRelease}: UdevLintGiven): RootQuestion => ({
  running,
  shown,
  virt,
  policy,
  arch: arch === undefined ? undefined : archNamed(arch),
  kernel: kernelRelease,
});
