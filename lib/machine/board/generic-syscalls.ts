import type {Board} from './board.ts';

/** Those of architectures without a table of their own. Source: scripts/syscall.tbl, 5.10 to 7.2. */
export const genericSyscalls: Board['syscalls'] = {
  read: 63,
  write: 64,
  vmsplice: 75,
  fsync: 82,
  clock_gettime: 113,
  sched_setaffinity: 122,
  reboot: 142,
  mmap: 222,
  mlock: 228,
  mlockall: 230,
  madvise: 233,
  set_mempolicy: 237,
  memfd_create: 279,
  kexec_file_load: 294,
  io_uring_setup: 425,
  io_uring_register: 427,
};
