import type {Image} from '../image/image.ts';
import {chooseAccelerator, type AccelChoice, type Decision} from '../vmm/qemu/accelerator.ts';
import {findQemu, modelsOf, type QemuBinary} from '../vmm/qemu/binary.ts';
import type {Log} from '../util/log.ts';
import type {Board} from './board/board.ts';
import {boardOf, hostBoard} from './board/boards.ts';

/** What runs an image's guests on this host. */
export interface MachineHost {
  readonly qemu: QemuBinary;
  readonly decision: Decision;
}

export interface MachineHostOptions {
  readonly cache: string;
  readonly log: Log;
  /** Absent: `auto`. */
  readonly accel?: AccelChoice | undefined;
  /** QEMU, or its program; absent: the board's. */
  readonly qemu?: QemuBinary | string | undefined;
  /** Limit until a kernel's first line, where KVM is tried. */
  readonly firstLineMs?: number | undefined;
}

/** Finds QEMU for an image's architecture, and chooses the accelerator. Throws UsageError. */
export async function hostFor(
  {arch, boot}: Pick<Image, 'arch' | 'boot'>,
  {cache, log, accel = 'auto', qemu, firstLineMs}: MachineHostOptions,
): Promise<MachineHost> {
  const board = boardOf(arch);
  const found = typeof qemu === 'object' ? qemu : await findQemu(qemu ?? board.qemu, board.qemuPackage);
  const binary = {...found, models: await modelsOf(found)};
  const foreign =
    hostBoard()?.arch === arch ? undefined : `the guest is ${arch}, and the host's CPU (${process.arch}) can't run it`;
  const decision = await chooseAccelerator(accel, binary, {
    cache,
    log,
    firstLineMs,
    foreign,
    args: boot.how === 'direct' ? probeArgs(board, boot.kernel, binary) : undefined,
  });
  return {qemu: binary, decision};
}

/** QEMU's arguments for a machine that shows a kernel's first line under KVM as early as there is one. */
const probeArgs = (board: Board, kernel: string, {version, root}: QemuBinary): string[] => [
  '-machine',
  board.machine,
  '-cpu',
  board.cpu('kvm', version),
  ...board.firmware(root),
  '-m',
  '256M',
  '-kernel',
  kernel,
  '-append',
  `console=${board.console} ${board.earlyConsole} panic=-1`,
];
