import {bytes, gib, kib, mib} from '../../util/size.ts';
import {behindRam, type Board} from './board.ts';
import {genericSyscalls} from './generic-syscalls.ts';
import {rootPorts} from './pci.ts';

/** Boot RAM of QEMU's board virt begins here. */
const RAM = gib(2);

/** Source of the kernel's part: arch/riscv, 6.1 to 7.2. QEMU's board has no DIMMs. */
export const riscv64: Board = {
  arch: 'riscv64',
  machineName: 'riscv64',
  nodeArch: 'riscv64',

  qemu: 'qemu-system-riscv64',
  qemuPackage: 'qemu-system-misc',
  machine: 'virt',
  firmware: () => [],
  cpu: (accel) => (accel === 'kvm' ? 'host' : 'rv64'),
  virtio: 'pci',
  console: 'ttyS0',
  earlyConsole: 'earlycon=sbi',

  ports: rootPorts,
  // hw/riscv/numa.c: a node is a socket
  nodes: (cpus) => (cpus < 2 ? "each node of QEMU's board has a CPU, and the profile has one in all" : undefined),
  ram: RAM,
  legacyHole: bytes(0),
  deviceMemory: behindRam(RAM),
  page: kib(4),
  pages: () => ({
    pageblock: mib(2),
    largestPages: mib(4),
    lowestZoneEnd: bytes(0),
    blockSize: () => ({value: mib(128), because: 'a section'}),
  }),
  syscalls: genericSyscalls,
};
