import {createHash} from 'node:crypto';
import {constants} from 'node:fs';
import {access} from 'node:fs/promises';
import {cpus, release} from 'node:os';
import {join} from 'node:path';
import {z} from 'zod';
import {messageOf, UsageError} from '../../util/errors.ts';
import {readIfThere, writeWhole} from '../../util/files.ts';
import type {Log} from '../../util/log.ts';
import type {QemuBinary} from './binary.ts';
import {consoleArgs} from './channels.ts';
import {launch} from './process.ts';

export const accelChoices = ['auto', 'kvm', 'tcg'] as const;
export type AccelChoice = (typeof accelChoices)[number];

export interface Decision {
  readonly accel: 'kvm' | 'tcg';
  /** One line for people: why this one. */
  readonly reason: string;
}

/** KVM that works shows a kernel's first line in well under a second; this is for a busy host. */
const FIRST_LINE_MS = 15_000;
const remembered = z.object({works: z.boolean(), reason: z.string()});

interface ProbeOptions {
  readonly cache: string;
  /** QEMU's arguments for a machine that boots a kernel under KVM; absent where no kernel is at hand. */
  readonly args: readonly string[] | undefined;
  /** Why KVM can't run such a guest on any host like this one: its architecture. */
  readonly foreign?: string | undefined;
  readonly log: Log;
  /** Limit until the kernel's first line. */
  readonly firstLineMs?: number | undefined;
}

/**
 * Chooses the accelerator. A /dev/kvm that opens and answers can still be unable to run a guest, so `auto` boots a
 * kernel under KVM to its first line, and remembers the answer for this host and QEMU.
 */
export async function chooseAccelerator(
  choice: AccelChoice,
  qemu: QemuBinary,
  options: ProbeOptions,
): Promise<Decision> {
  if (choice === 'tcg') return {accel: 'tcg', reason: 'TCG was asked for'};
  const answer =
    options.foreign === undefined ? await kvmWorks(choice, qemu, options) : {works: false, reason: options.foreign};
  if (answer.works) return {accel: 'kvm', reason: answer.reason};
  if (choice === 'kvm') throw new UsageError(`--accel kvm: KVM can't run a guest here: ${answer.reason}`);
  return {accel: 'tcg', reason: `TCG is used: ${answer.reason}`};
}

async function kvmWorks(
  choice: 'auto' | 'kvm',
  qemu: QemuBinary,
  options: ProbeOptions,
): Promise<z.infer<typeof remembered>> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return {
      works: false,
      reason: missing ? 'there is no /dev/kvm' : '/dev/kvm may not be opened by this user (add it to the group kvm)',
    };
  }
  const key = createHash('sha256')
    .update(JSON.stringify([release(), cpus()[0]?.model, qemu.path, qemu.version, qemu.build]))
    .digest('hex');
  const file = join(options.cache, 'accelerator', `${key.slice(0, 16)}.json`);
  const before = rememberedIn((await readIfThere(file)) ?? '');
  if (before) return before;
  if (options.args === undefined)
    return choice === 'kvm'
      ? {works: true, reason: 'KVM was asked for, and the guest brings no kernel to try it with'}
      : {works: false, reason: 'the guest brings no kernel to try KVM with; --accel kvm takes it untried'};
  options.log('trying KVM with a kernel (once for this host and QEMU)');
  const answer = await probe(qemu, options.args, options.firstLineMs ?? FIRST_LINE_MS);
  await writeWhole(file, JSON.stringify(answer));
  return answer;
}

/** What can't be read is found out again. */
function rememberedIn(text: string): z.infer<typeof remembered> | undefined {
  try {
    return remembered.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function probe(qemu: QemuBinary, machine: readonly string[], ms: number): Promise<z.infer<typeof remembered>> {
  const args = [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    '-accel',
    'kvm',
    ...machine,
    ...consoleArgs(),
  ];
  let vm: Awaited<ReturnType<typeof launch>> | undefined;
  try {
    vm = await launch(qemu, args, {ms});
    await vm.console.waitFor(/Linux version/, "a kernel's first line under KVM", ms, {gone: vm.gone});
    return {works: true, reason: 'a kernel ran under KVM'};
  } catch (error) {
    // The first line says it; QEMU's assertion below it is for its own developers.
    return {works: false, reason: `/dev/kvm opens, but ${messageOf(error).split('\n')[0] ?? ''}`};
  } finally {
    await vm?.kill();
  }
}
