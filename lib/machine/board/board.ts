import type {Arch} from '../../image/image.ts';
import type {Bytes} from '../../util/size.ts';

/** What runs a guest's instructions: the host's CPU, or QEMU's translator. */
export type Accel = 'kvm' | 'tcg';

/** System calls that memhp's programs in the guest make by number, because perl has no other way. */
export const SYSCALLS = [
  'read',
  'write',
  'mmap',
  'madvise',
  'fsync',
  'mlock',
  'mlockall',
  'reboot',
  'sched_setaffinity',
  'clock_gettime',
  'set_mempolicy',
  'vmsplice',
  'memfd_create',
  'kexec_file_load',
  'io_uring_setup',
  'io_uring_register',
] as const;
export type Syscall = (typeof SYSCALLS)[number];

/**
 * An architecture: all that memhp knows of the virtual machine's board and of the kernel on it. Nothing else names a
 * machine type, a console, a page size or a system call's number. docs/adding-an-architecture.md says how to add one.
 */
export interface Board {
  readonly arch: Arch;
  /** What `uname -m` calls it. */
  readonly machineName: string;
  /** What Node calls it where it is the host's (process.arch): KVM runs guests of no other. */
  readonly nodeArch: string;

  /** QEMU's program. */
  readonly qemu: string;
  /** QEMU's machine type and its options: `q35`. */
  readonly machine: string;
  /** QEMU's arguments for the firmware; none where QEMU brings it. */
  readonly firmware: readonly string[];
  /** `-cpu`, for an accelerator and a version of QEMU. */
  readonly cpu: (accel: Accel, qemu: string) => string;
  /** How virtio devices are attached: the end of their names in QEMU. */
  readonly virtio: 'pci' | 'ccw';
  /** The first serial line, as the kernel calls it. */
  readonly console: string;
  /** The kernel parameter that shows its first line before the console has a driver. */
  readonly earlyConsole: string;
  /**
   * QEMU's arguments for two more serial lines, whose chardevs are `serialwork` and `serialwatch`: for a kernel that
   * has virtio only in modules and was given none. Absent where there are no such lines.
   */
  readonly serialShells?: {readonly work: readonly string[]; readonly watch: readonly string[]};

  /** How the guest hears of a plugged DIMM, and answers; absent where there are no DIMMs. */
  readonly dimms?: 'acpi';
  /** The lowest address of memory devices, where boot RAM ends below. */
  readonly deviceMemory: Bytes;
  /** A base page of the kernel. */
  readonly page: Bytes;
  /** A pageblock, which is a huge page of the page tables' second level as well. */
  readonly pageblock: Bytes;
  /** What ZONE_MOVABLE begins at a multiple of: the buddy allocator's largest pages (MAX_ORDER_NR_PAGES). */
  readonly largestPages: Bytes;
  /** Where the lowest zone, which is nothing but the kernel's, ends. */
  readonly lowestZoneEnd: Bytes;
  /** The size of memory blocks that the kernel chooses at boot, by the end of boot memory, and why. */
  readonly blockSize: (endOfRam: number) => {readonly value: number; readonly because: string};
  readonly syscalls: Readonly<Record<Syscall, number>>;
}
