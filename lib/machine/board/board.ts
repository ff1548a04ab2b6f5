import type {Arch} from '../../image/image.ts';
import {bytes, GiB, type Bytes} from '../../util/size.ts';

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

/** Memory devices begin at the next GiB behind boot RAM, which begins at `from`: `deviceMemory` of boards without a PC's hole. */
export const behindRam =
  (from = 0) =>
  (ram: number): number =>
    Math.ceil((from + ram) / GiB) * GiB;

/** What a kernel makes of its base page. */
export interface KernelPages {
  /** A pageblock, which is a huge page of the page tables' second level as well. */
  readonly pageblock: Bytes;
  /** What ZONE_MOVABLE begins at a multiple of: the buddy allocator's largest pages (MAX_ORDER_NR_PAGES). */
  readonly largestPages: Bytes;
  /** Where the lowest zone, which is nothing but the kernel's, ends; 0 where boot memory is all in the lowest zone. */
  readonly lowestZoneEnd: Bytes;
  /** The size of memory blocks that the kernel chooses at boot, by the end of boot memory, and why. */
  readonly blockSize: (endOfRam: number) => {readonly value: number; readonly because: string};
}

/** A board as one guest has it. */
export interface GuestBoard extends Omit<Board, 'pages' | 'deviceMemory'>, KernelPages {
  /** The lowest address of its memory devices. */
  readonly deviceMemory: number;
}

/** The board of a guest with that boot RAM and such base pages; the usual ones where it didn't say. */
export function guestBoard({pages, deviceMemory, ...board}: Board, ram: number, page: number = board.page): GuestBoard {
  return {...board, page: bytes(page), ...pages(page), deviceMemory: deviceMemory(ram)};
}

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
  /** The package that brings it: Debian's name. */
  readonly qemuPackage: string;
  /** QEMU's machine type and its options: `q35`. */
  readonly machine: string;
  /**
   * QEMU's arguments for the firmware; none where QEMU brings it. `root`: the files are looked for below it, not in the
   * host. Throws UsageError where there is no such file.
   */
  readonly firmware: (root?: string) => readonly string[];
  /** The package that brings the firmware where QEMU doesn't: Debian's name. */
  readonly firmwarePackage?: string;
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

  /** Ports that a virtio device can be plugged into, by their ids; absent where there are none. */
  readonly ports?: (ids: readonly string[]) => string[];
  /** What of boot RAM the board keeps for its graphics card and its firmware, in the lowest MiB. */
  readonly legacyHole: Bytes;
  /** What boot RAM, and each node's part of it, is a multiple of; absent where QEMU takes any size. */
  readonly ramUnit?: Bytes;
  /** How many slots for DIMMs it can have; absent where no profile has as many. */
  readonly maxSlots?: number;
  /** Why it can't have several NUMA nodes with so many CPUs; undefined where it can, absent where it always can. */
  readonly nodes?: (cpus: number) => string | undefined;
  /** Where boot RAM begins. */
  readonly ram: Bytes;
  /** What /proc/iomem calls boot memory that isn't in System RAM, at its top level; absent where there is none. */
  readonly unmapped?: string;
  /** What a block's phys_device says, by where the block begins; absent where it always says 0. */
  readonly physDevice?: (start: number) => number;
  /** Why MemTotal may count pages of boot memory that no zone has (plug/boot-pages says how many); absent where none. */
  readonly uncounted?: string;
  /** Why plugged memory is in the zone of boot memory, Normal; absent where its zone is above that of boot memory. */
  readonly oneKernelZone?: string;
  /**
   * How the guest hears of a plugged DIMM, and answers: by ACPI, or by dynamic logical partitioning of PAPR; absent where
   * there are no DIMMs.
   */
  readonly dimms?: 'acpi' | 'dlpar';
  /** Why the blocks of a DIMM are no memory group here; absent where they are one. */
  readonly ungrouped?: string;
  /** Has QEMU's virtio-mem of this architecture a switch for guests of before 5.16? VIRTIO_MEM_HAS_LEGACY_GUESTS. */
  readonly legacyVirtioMem?: true;
  /** The lowest address of memory devices, by the size of boot RAM. */
  readonly deviceMemory: (ram: number) => number;
  /** A base page of the kernels that have the usual one; guests say their own. */
  readonly page: Bytes;
  /** What of a kernel depends on its base page. */
  readonly pages: (page: number) => KernelPages;
  readonly syscalls: Readonly<Record<Syscall, number>>;
}
