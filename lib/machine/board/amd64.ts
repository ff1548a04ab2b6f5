import {compareReleases} from '../../util/releases.ts';
import {bytes, gib, kib, mib} from '../../util/size.ts';
import type {Board} from './board.ts';
import {rootPorts} from './pci.ts';

/**
 * TCG does what `max` has byte by byte where a guest prefers it (erms: `rep movsb` for every page that is copied or
 * cleared), and walks one level more of page tables with la57. A guest that runs under TCG alone has no use for either.
 */
const TCG_CPU = 'max,la57=off,erms=off';

/**
 * A CPU model for TCG without what its flags are wrong for: cmpxchg16b of QEMU before 8.0, which panics a guest now and
 * then (docs/findings/wrong-flags.md).
 */
export const withRightFlags = (model: string, qemu: string): string =>
  compareReleases(qemu, '8.0') < 0 ? `${model},cx16=off` : model;

/** Source of the kernel's part: arch/x86, 5.10 to 7.2, with 4 KiB pages. */
export const amd64: Board = {
  arch: 'amd64',
  machineName: 'x86_64',
  nodeArch: 'x64',

  qemu: 'qemu-system-x86_64',
  qemuPackage: 'qemu-system-x86',
  machine: 'q35',
  firmware: () => [],
  cpu: (accel, qemu) => (accel === 'kvm' ? 'host' : withRightFlags(TCG_CPU, qemu)),
  virtio: 'pci',
  console: 'ttyS0',
  earlyConsole: 'earlyprintk=ttyS0',
  serialShells: {
    work: ['-serial', 'chardev:serialwork'],
    // By default the third line shares its interrupt with the console, and on ISA only one of them is then heard;
    // 5, 9, 10 and 11 are taken for level-triggered ones by QEMU's MADT, which this one isn't.
    watch: ['-device', 'isa-serial,chardev=serialwatch,index=2,irq=7'],
  },

  dimms: 'acpi',
  legacyVirtioMem: true,
  ports: rootPorts,
  ram: bytes(0),
  legacyHole: kib(384),
  deviceMemory,
  page: kib(4),
  pages: () => ({pageblock: mib(2), largestPages: mib(4), lowestZoneEnd: mib(16), blockSize}),
  // arch/x86/entry/syscalls/syscall_64.tbl
  syscalls: {
    read: 0,
    write: 1,
    mmap: 9,
    madvise: 28,
    fsync: 74,
    mlock: 149,
    mlockall: 151,
    reboot: 169,
    sched_setaffinity: 203,
    clock_gettime: 228,
    set_mempolicy: 238,
    vmsplice: 278,
    memfd_create: 319,
    kexec_file_load: 320,
    io_uring_setup: 425,
    io_uring_register: 427,
  },
};

/** Boot RAM lies below 4 GiB as long as it fits there, else 2 GiB of it. Source: hw/i386/pc_q35.c. */
function deviceMemory(ram: number): number {
  const low = ram >= 0xb0000000 ? gib(2) : ram;
  return gib(4) + Math.ceil((ram - low) / gib(1)) * gib(1);
}

/**
 * 128 MiB where memory ends below 64 GiB; else the largest of 2 GiB, 1 GiB, … to which the end of memory is aligned, in
 * a virtual machine. Source: probe_memory_block_size() in arch/x86/mm/init_64.c, 4.18 to 7.2.
 */
function blockSize(endOfRam: number): {value: number; because: string} {
  const because = 'from 64 GiB on the largest size of up to 2 GiB that divides the end';
  let value: number = endOfRam < gib(64) ? mib(128) : gib(2);
  while (value > mib(128) && endOfRam % value !== 0) value /= 2;
  return {value, because};
}
