import {open} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import {launch, type QemuProcess} from '../vmm/qemu/process.ts';
import type {Shell} from '../shell/shell.ts';
import {cloneArgs, handle, shells, type CloneOptions, type QemuClone} from './clone.ts';
import type {Template} from './template.ts';

/** Another QEMU for a guest that one has already: of the same machine, with the devices that were plugged meanwhile. */
export interface Successor {
  /** `incoming`: it waits for a migration. `stopped`: it has the machine as before its first boot, and doesn't run. */
  readonly starts: 'incoming' | 'stopped';
  /** QEMU's arguments for the devices that the machine profile doesn't have. */
  readonly devices: readonly string[];
}

/** Starts such a QEMU. The guest isn't in it yet: its shells answer once it is, and runs. */
export async function launchSuccessor(
  template: Template,
  {starts, devices}: Successor,
  {filesDir, disk, ...options}: CloneOptions,
): Promise<QemuClone> {
  const files = filesDir === undefined ? undefined : await open(filesDir, 'r');
  let vm: QemuProcess | undefined;
  try {
    vm = await launch(template.qemu, successorArgs(template, {starts, devices}, disk), {
      ...options,
      ...(files ? {filesFd: files.fd} : {}),
    });
    return handle(template, vm, await connectLater(vm, template, options.ms));
  } catch (error) {
    await vm?.kill();
    throw error;
  } finally {
    await files?.close();
  }
}

/** QEMU's command line for it. */
export const successorArgs = (
  template: Pick<Template, 'dir' | 'config' | 'facts'>,
  {starts, devices}: Successor,
  disk?: string,
): string[] => [
  ...cloneArgs(template, disk).slice(0, -2),
  ...devices,
  ...(starts === 'incoming' ? ['-incoming', 'defer'] : ['-S']),
];

/** A port needs no handshake; ssh does, so that connection waits for the first question. */
async function connectLater(vm: QemuProcess, template: Template, ms: number): Promise<[Shell, Shell]> {
  if (template.facts.shell !== 'ssh') return shells(vm, template, ms);
  let connected: Promise<[Shell, Shell]> | undefined;
  const later = (which: 0 | 1): Shell => ({
    kind: 'ssh',
    close: () => {
      connected?.then(
        (pair) => {
          pair[which].close();
        },
        () => undefined,
      );
    },
    run: async (script, limit, where) =>
      (await (connected ??= shells(vm, template, ms)))[which].run(script, limit, where),
  });
  return [later(0), later(1)];
}

/**
 * A disk that outlasts a QEMU: an empty overlay of the template's in a directory; undefined where the guest has none.
 */
export async function lastingDisk({dir, config}: Template, filesDir: string): Promise<string | undefined> {
  if (config.image.disk === undefined) return undefined;
  const disk = join(filesDir, 'disk.qcow2');
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', join(dir, 'disk.qcow2'), disk]);
  return disk;
}
