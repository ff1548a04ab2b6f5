import {open, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {SerialConsole} from '../console/console.ts';
import {QemuVmm} from '../vmm/qemu/qemu.ts';
import type {Vmm} from '../vmm/vmm.ts';
import {launch, type LaunchOptions, type QemuProcess} from '../vmm/qemu/process.ts';
import {STATE_FD} from '../vmm/qemu/channels.ts';
import type {Image} from '../image/image.ts';
import {PortShell} from '../shell/port.ts';
import type {Shell} from '../shell/shell.ts';
import {SshShell} from '../shell/ssh.ts';
import {Broken} from '../util/errors.ts';
import {countIn} from '../util/files.ts';
import {realClock, type Clock} from '../util/clock.ts';
import {boardOf} from './board/boards.ts';
import {forwardedPort, PRELUDE, type GuestFacts} from './bring-up.ts';
import {machineArgs, type BootConfig} from './commandline.ts';
import {damageOf} from './damage.ts';
import {INITRD_WITH_MORE} from './keys.ts';
import {loadState} from './migrate.ts';
import type {Template} from './template.ts';

/**
 * A guest of its own for one case: a new QEMU restored from a template, RAM and disk copied on write. This is all that
 * a case can learn from: what was answered here can be written down and answered again (tools/replay).
 */
export interface Clone {
  readonly template: {
    readonly facts: GuestFacts;
    readonly config: Pick<BootConfig, 'profile' | 'accel' | 'append'> & {readonly image: Pick<Image, 'arch'>};
  };
  /** What the guest runs in. */
  readonly vmm: Vmm;
  readonly vm: {readonly console: SerialConsole; readonly gone: Promise<never>};
  /** To work with. */
  readonly shell: Shell;
  /** To look with, while `shell` waits for a write that may block for ever. */
  readonly watch: Shell;
  /** A file of the hypervisor's directory in the host's /proc, now: `status`, `smaps_rollup`, … */
  hostFile(name: string): Promise<string>;
  /** How often a text occurs in such a file, read as bytes: for the files behind the guest's memory. */
  hostFind(name: string, text: string): Promise<number>;
  /** For waits: a replay has another one. */
  readonly clock: Clock;
  /** Ends QEMU and everything of the clone; nothing is left on the disk. */
  close(): Promise<void>;
}

/** One in QEMU. */
export interface QemuClone extends Clone {
  readonly vmm: QemuVmm;
}

/**
 * Restores a template: start QEMU, load the device state, run, and take hold of the shells. Throws Broken where the
 * template is not as it was frozen.
 */
export async function clone(template: Template, {filesDir, disk, ...options}: CloneOptions): Promise<QemuClone> {
  const damage = await damageOf(template.dir);
  if (damage !== undefined)
    throw new Broken(`what is frozen of the guest was damaged while memhp ran: ${damage}; the next run boots it anew`);
  const state = await open(join(template.dir, 'state'), 'r');
  const files = filesDir === undefined ? undefined : await open(filesDir, 'r');
  let vm: QemuProcess | undefined;
  try {
    vm = await launch(template.qemu, cloneArgs(template, disk), {
      ...options,
      stateFd: state.fd,
      ...(files ? {filesFd: files.fd} : {}),
    });
    await loadState(vm.qmp, STATE_FD, template.qemu.version, options.ms);
    await vm.qmp.execute('cont');
    return handle(template, vm, await shells(vm, template, options.ms));
  } catch (error) {
    await vm?.kill();
    throw error;
  } finally {
    await state.close();
    await files?.close();
  }
}

export interface CloneOptions extends LaunchOptions {
  /** An empty directory of the host, for the files of memory backends: FILES of lib/vmm/qemu/channels.ts. */
  readonly filesDir?: string;
  /** A qcow2 overlay of the template's disk that outlasts this QEMU, for one that another QEMU is to take over. */
  readonly disk?: string | undefined;
}

/** What a case has of a running QEMU. */
export function handle(template: Template, vm: QemuProcess, [shell, watch]: readonly [Shell, Shell]): QemuClone {
  return {
    template,
    vmm: new QemuVmm(vm.qmp, boardOf(template.config.image.arch)),
    vm,
    shell,
    watch,
    clock: realClock,
    hostFile: (name) => readFile(`/proc/${vm.pid}/${name}`, 'utf8'),
    hostFind: (name, text) => countIn(`/proc/${vm.pid}/${name}`, text),
    close: async () => {
      shell.close();
      watch.close();
      await vm.kill();
    },
  };
}

/** QEMU's command line for a clone; --dry-run prints it. `overlay`: a disk that outlasts it. */
export function cloneArgs(
  {dir, config, facts}: Pick<Template, 'dir' | 'config' | 'facts'>,
  overlay?: string,
): string[] {
  const {image} = config;
  return [
    ...machineArgs(config, {
      ramDir: dir,
      share: false,
      ...(image.disk
        ? {
            disk:
              overlay === undefined
                ? {path: join(dir, 'disk.qcow2'), snapshot: true}
                : {path: overlay, snapshot: false},
          }
        : {}),
      ...(config.udevdAlone === true ? {initrd: join(dir, INITRD_WITH_MORE)} : {}),
      ssh: {forward: facts.shell === 'ssh'},
      ...(image.login.how === 'ssh'
        ? {keys: {authorizedKey: join(dir, 'client_key.pub'), hostKey: join(dir, 'host_key')}}
        : {}),
    }),
    '-incoming',
    'defer',
  ];
}

/** The guest's two shells. Over ssh the guest must run. */
export async function shells(vm: QemuProcess, template: Template, ms: number): Promise<[Shell, Shell]> {
  const {shell} = template.facts;
  if (shell !== 'ssh') return [new PortShell(vm.ports[shell][0]), new PortShell(vm.ports[shell][1])];
  const address = {
    port: await forwardedPort(vm),
    privateKey: await readFile(join(template.dir, 'client_key'), 'utf8'),
    hostKey: await readFile(join(template.dir, 'host_key.pub'), 'utf8'),
  };
  const pair = await Promise.all([SshShell.connect(address, ms), SshShell.connect(address, ms)]);
  for (const one of pair) one.prelude = PRELUDE;
  return pair;
}
