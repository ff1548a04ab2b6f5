import {truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Image} from '../../lib/image/image.ts';
import {runTool} from '../../lib/image/tool.ts';
import {bringUp} from '../../lib/machine/bring-up.ts';
import {withRightFlags} from '../../lib/machine/board/amd64.ts';
import {escapeValue, machineArgs, type BootConfig} from '../../lib/machine/commandline.ts';
import {profileByName, type MachineProfile} from '../../lib/machine/profile.ts';
import {writeKeys} from '../../lib/machine/keys.ts';
import type {QemuBinary} from '../../lib/vmm/qemu/binary.ts';
import {launch} from '../../lib/vmm/qemu/process.ts';
import {library, serve, warmUp} from '../../lib/run/guest-script.ts';
import {PortShell} from '../../lib/shell/port.ts';
import type {Shell} from '../../lib/shell/shell.ts';
import {gib, mib} from '../../lib/util/size.ts';

/** An emulated AMD CPU, whose SVM TCG emulates as well: a guest on it has a /dev/kvm that works. */
const CPU = 'EPYC';
/** On a busy host the watchdog takes the TSC for unstable, and every other clock costs an exit. */
const CLOCK = 'tsc=reliable';
const MINUTE = 60_000;

const profile: MachineProfile = {
  ...profileByName('q35'),
  name: 'q35-nested',
  title: 'q35 with room for guests of its own',
  ram: gib(4),
  maxmem: gib(5),
  slots: 1,
};

export interface OuterOptions {
  readonly image: Image;
  readonly qemu: QemuBinary;
  /** Where its files are made; somebody else removes them. */
  readonly work: string;
  /** A tar file that the guest finds as /dev/disk/by-id/virtio-checkout. */
  readonly checkout: string;
  readonly consoleFile: string;
  readonly signal: AbortSignal;
}

/** The guest that KVM is tried in. */
export interface Outer {
  readonly shell: Shell;
  /** Takes a directory of the guest out into a directory of the host. */
  take(from: string, to: string): Promise<void>;
  close(): Promise<void>;
}

/** Boots the guest with QEMU and Node in it, on a CPU with SVM. */
export async function bootOuter({image, qemu, work, checkout, consoleFile, signal}: OuterOptions): Promise<Outer> {
  const config: BootConfig = {image, profile, accel: 'tcg', qemu: qemu.version, append: CLOCK};
  const keys = await writeKeys(work);
  const results = join(work, 'results');
  await writeFile(results, '');
  await truncate(results, mib(256));
  const args = [
    ...machineArgs(config, {
      ramDir: work,
      share: false,
      ...(image.disk ? {disk: {path: image.disk, snapshot: true}} : {}),
      ssh: {forward: true},
      keys,
    }),
    '-cpu',
    withRightFlags(CPU, qemu.version),
    ...drive('checkout', checkout, 'on'),
    ...drive('results', results, 'off'),
  ];
  const vm = await launch(qemu, args, {ms: MINUTE, consoleFile});
  try {
    await bringUp(vm, config, {ms: 10 * MINUTE, keys, signal, serve, library, warmUp});
  } catch (error) {
    await vm.kill();
    throw error;
  }
  const shell = new PortShell(vm.ports.virtio[0]);
  const gone = <T>(work: Promise<T>): Promise<T> => Promise.race([work, vm.gone, vm.console.panic]);
  return {
    shell: {
      kind: shell.kind,
      run: (script, ms, where) => gone(shell.run(script, ms, where)),
      close: () => {
        shell.close();
      },
    },
    take: async (from, to) => {
      await gone(shell.run(`tar -cf /dev/disk/by-id/virtio-results -C ${from} . && sync`, 5 * MINUTE));
      await runTool('tar', ['-xf', results, '-C', to, '--no-same-owner'], {signal});
    },
    close: () => vm.kill(),
  };
}

const drive = (name: string, path: string, readonly: 'on' | 'off'): string[] => [
  '-drive',
  `file=${escapeValue(path)},if=none,id=${name},format=raw,readonly=${readonly}`,
  '-device',
  `virtio-blk-pci,drive=${name},serial=${name}`,
];
