import {archNamed, virts, type Policy} from '../udev/guest.ts';
import {lintLayers} from '../udev/lint-layers.ts';
import {printed, toJson} from '../udev/print.ts';
import {readRules} from '../udev/read.ts';
import {UsageError} from '../util/errors.ts';
import {jsonLine} from '../util/text.ts';

export interface UdevLintGiven {
  readonly json: boolean;
  readonly virt?: string;
  readonly arch?: string;
  readonly policy?: Policy;
}

/** `memhp udev lint`: 1 where a finding is an error. */
export function udevLintCommand(paths: readonly string[], {json, virt, arch, policy}: UdevLintGiven): number {
  if (virt !== undefined && !(virts as readonly string[]).includes(virt)) throw new UsageError(`unknown virtualization "${virt}"; systemd-detect-virt says one of ${virts.join(', ')}`);
  const {layers, complete} = readRules(paths);
  const linted = lintLayers(layers, {virt, arch: arch === undefined ? undefined : archNamed(arch), policy, complete});
  process.stdout.write(json ? `${jsonLine(toJson(linted))}\n` : printed(linted));
  return linted.findings.some(({level}) => level === 'error') ? 1 : 0;
}
