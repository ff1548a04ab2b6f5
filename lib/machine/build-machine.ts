import {setInterval} from 'node:timers';
import {rm} from 'node:fs/promises';
import type {BuildMachine} from '../image/sources/source.ts';
import {findQemu, type QemuBinary} from '../vmm/qemu/binary.ts';
import {launch, type QemuProcess} from '../vmm/qemu/process.ts';
import {stopwatch} from '../util/clock.ts';
import {Broken, messageOf} from '../util/errors.ts';
import type {Log} from '../util/log.ts';
import {boardOf} from './board/boards.ts';
import {escapeValue, machineArgs} from './commandline.ts';
import {profileByName} from './profile.ts';
import {withConsole} from './slow-boot.ts';

export interface BuildMachineOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Absent: the board's. */
  readonly qemu?: QemuBinary | undefined;
  /** Limit of each step. */
  readonly stepMs: number;
}

/** How often the log tells what the machine does. */
const TELL_MS = 20_000;

/** Boots a machine under TCG, and waits until it has said that its work is done. Throws Broken, UsageError. */
export async function runBuildMachine(machine: BuildMachine, options: BuildMachineOptions): Promise<void> {
  const {name, arch, steps, says, consoleFile} = machine;
  const {log, signal, stepMs} = options;
  const board = boardOf(arch);
  const qemu = options.qemu ?? (await findQemu(board.qemu, board.qemuPackage));
  await rm(consoleFile, {force: true});
  signal?.throwIfAborted();
  let vm: QemuProcess | undefined;
  const took = stopwatch();
  const seconds = (): string => `${(took() / 1000).toFixed(0)} s`;
  try {
    vm = await launch(qemu, argsOf(machine, qemu), {ms: stepMs, consoleFile});
    const {console, gone} = vm;
    const teller = setInterval(() => {
      log(`${name}: ${seconds()}: ${console.tail(1).slice(0, 100)}`);
    }, TELL_MS);
    try {
      for (const {said, means} of steps) {
        const line = new RegExp(`^${says}(?:${said}|failed.*)\\r?$`, 'm');
        const what = `"${says}${said}" on the console of the machine that builds ${name}`;
        const [seen] = await console.waitFor(line, what, stepMs, {gone, signal});
        if (!seen.startsWith(`${says}${said}`)) throw new Broken(`the machine that builds ${name} has failed`);
        log(`${name}: ${seconds()}: ${means}`);
      }
    } finally {
      clearInterval(teller);
    }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw new Broken(`${messageOf(withConsole(error, vm?.console.tail() ?? ''))}\nall of it: ${consoleFile}`, {
      cause: error,
    });
  } finally {
    // What it wrote is in the files: it flushed its disks before the last step.
    await vm?.kill();
  }
}

/** QEMU's arguments: a machine without a network, whose RAM is in no file. */
export function argsOf(
  {name, arch, kernel, initrd, disks}: BuildMachine,
  qemu: Pick<QemuBinary, 'version' | 'root'>,
): string[] {
  const {virtio} = boardOf(arch);
  const image = {
    name,
    distro: '',
    release: '',
    arch,
    key: '',
    boot: {how: 'direct', kernel, initrd, append: ''},
    login: {how: 'init'},
    prepare: [],
  } as const;
  const profile = {...profileByName('q35'), ramInState: true as const};
  return [
    ...machineArgs(
      {image, profile, accel: 'tcg', qemu: qemu.version, qemuRoot: qemu.root, append: ''},
      {ramDir: '', share: false},
    ),
    ...disks.flatMap(({path, format}, i) => [
      '-drive',
      `file=${escapeValue(path)},if=none,id=disk${i},format=${format},discard=unmap`,
      '-device',
      `virtio-blk-${virtio},drive=disk${i}`,
    ]),
  ];
}
