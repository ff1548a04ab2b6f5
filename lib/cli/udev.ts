import {archNamed, virts, type Policy} from '../udev/guest.ts';
import {lintLayers} from '../udev/lint-layers.ts';
import {printed, toJson} from '../udev/print.ts';
import {lintRoot} from '../udev/root/lint-root.ts';
import {openRoot, type Opened} from '../udev/root/open.ts';
import {printedRoot, rootToJson} from '../udev/root/print-root.ts';
import {readRules} from '../udev/read.ts';
import {UsageError} from '../util/errors.ts';
import {jsonLine} from '../util/text.ts';

export interface UdevLintGiven {
  readonly json: boolean;
  readonly virt?: string;
  readonly arch?: string;
  readonly policy?: Policy;
  readonly kernelRelease?: string;
}

/** `memhp udev lint`: 1 where a finding is an error. */
export function udevLintCommand(paths: readonly string[], given: UdevLintGiven): number {
  const {json, virt, arch, policy} = given;
  if (virt !== undefined && !(virts as readonly string[]).includes(virt)) throw new UsageError(`unknown virtualization "${virt}"; systemd-detect-virt says one of ${virts.join(', ')}`);
  const [only] = paths;
  const opened = only === undefined || paths.length > 1 ? undefined : openRoot(only);
  if (opened) return rootCommand(opened, given);
  if (given.kernelRelease !== undefined) throw new UsageError('--kernel-release is about a root, and needs exactly one directory that has etc, usr or boot in it');
  const {layers, complete} = readRules(paths);
  const linted = lintLayers(layers, {virt, arch: arch === undefined ? undefined : archNamed(arch), policy, complete});
  process.stdout.write(json ? `${jsonLine(toJson(linted))}\n` : printed(linted));
  return linted.findings.some(({level}) => level === 'error') ? 1 : 0;
}

/** The answer for a whole root: 1 where a finding is an error. */
function rootCommand({tree, running, shown}: Opened, {json, virt, arch, policy, kernelRelease}: UdevLintGiven): number {
  const linted = lintRoot(tree, {running, shown, virt, policy, arch: arch === undefined ? undefined : archNamed(arch), kernel: kernelRelease});
  process.stdout.write(json ? `${jsonLine(rootToJson(linted))}\n` : printedRoot(linted));
  return [...linted.findings, ...linted.rules.findings].some(({level}) => level === 'error') ? 1 : 0;
}
