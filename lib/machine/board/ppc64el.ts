import {bytes, kib, mib} from '../../util/size.ts';
import {behindRam, type Board} from './board.ts';

/** Source of the kernel's part: arch/powerpc with radix page tables, 6.1 to 7.2. */
export const ppc64el: Board = {
  arch: 'ppc64el',
  machineName: 'ppc64le',
  nodeArch: 'ppc64',

  qemu: 'qemu-system-ppc64',
  qemuPackage: 'qemu-system-ppc',
  machine: 'pseries',
  firmware: () => [],
  cpu: (accel) => (accel === 'kvm' ? 'host' : 'power9'),
  virtio: 'pci',
  console: 'hvc0',
  earlyConsole: 'udbg-immortal',

  ram: bytes(0),
  legacyHole: bytes(0),
  // hw/ppc/spapr.c: SPAPR_MEMORY_BLOCK_SIZE, SPAPR_MAX_RAM_SLOTS
  ramUnit: mib(256),
  oneKernelZone: 'all memory of a pseries machine can be reached by DMA, so that Normal has boot memory too',
  dimms: 'dlpar',
  ungrouped: 'DLPAR adds each block by itself, without a memory group (dlpar_add_lmb)',
  maxSlots: 32,
  // hw/ppc/spapr.c: SPAPR_DEVICE_MEM_ALIGN
  deviceMemory: behindRam(),
  page: kib(64),
  pages: (page) => ({
    pageblock: mib(2),
    largestPages: page === kib(64) ? mib(16) : mib(4),
    lowestZoneEnd: bytes(0),
    blockSize: () => ({value: mib(256), because: 'a logical memory block (ibm,lmb-size)'}),
  }),
  // arch/powerpc/kernel/syscalls/syscall.tbl
  syscalls: {
    read: 3,
    write: 4,
    reboot: 88,
    mmap: 90,
    fsync: 118,
    mlock: 150,
    mlockall: 152,
    madvise: 205,
    sched_setaffinity: 222,
    clock_gettime: 246,
    set_mempolicy: 261,
    vmsplice: 285,
    memfd_create: 360,
    kexec_file_load: 382,
    io_uring_setup: 425,
    io_uring_register: 427,
  },
};
