import {bytes, kib, mib} from '../../util/size.ts';
import {behindRam, type Board} from './board.ts';

/** Source of the kernel's part: arch/s390, 6.1 to 7.2. The machine has no DIMMs. */
export const s390x: Board = {
  arch: 's390x',
  machineName: 's390x',
  nodeArch: 's390x',

  qemu: 'qemu-system-s390x',
  qemuPackage: 'qemu-system-misc',
  machine: 's390-ccw-virtio',
  firmware: () => [],
  cpu: (accel) => (accel === 'kvm' ? 'host' : 'max'),
  virtio: 'ccw',
  console: 'ttysclp0',
  earlyConsole: 'earlyprintk',

  nodes: () => 'the machine has no NUMA nodes',
  ram: bytes(0),
  legacyHole: bytes(0),
  // setup_resources() in arch/s390/kernel/setup.c adds it again as reserved memory, after it has listed System RAM
  unmapped: 'Crash kernel',
  // Storage increments: hw/s390x/sclp.c gives them 1 MiB, arch/s390/mm/init.c counts in them.
  physDevice: (start) => Math.floor(start / mib(1)),
  uncounted: 'pages that are freed before they are set up (docs/findings/pages-freed-too-early.md)',
  deviceMemory: behindRam(),
  page: kib(4),
  pages: () => ({
    pageblock: mib(1),
    largestPages: mib(4),
    lowestZoneEnd: bytes(0),
    blockSize: () => ({value: mib(128), because: 'a section'}),
  }),
  // arch/s390/kernel/syscalls/syscall.tbl
  syscalls: {
    read: 3,
    write: 4,
    reboot: 88,
    mmap: 90,
    fsync: 118,
    mlock: 150,
    mlockall: 152,
    madvise: 219,
    sched_setaffinity: 239,
    clock_gettime: 260,
    set_mempolicy: 270,
    vmsplice: 309,
    memfd_create: 350,
    kexec_file_load: 381,
    io_uring_setup: 425,
    io_uring_register: 427,
  },
};
