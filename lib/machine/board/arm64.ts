import {bytes, gib, kib, mib} from '../../util/size.ts';
import {behindRam, type Board, type KernelPages} from './board.ts';
import {flashArgs} from './firmware.ts';
import {genericSyscalls} from './generic-syscalls.ts';
import {rootPorts} from './pci.ts';

const EDK2 = {
  package: 'qemu-efi-aarch64',
  files: [
    {code: '/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd', vars: '/usr/share/AAVMF/AAVMF_VARS.fd'},
    {code: '/usr/share/AAVMF/AAVMF_CODE.fd', vars: '/usr/share/AAVMF/AAVMF_VARS.fd'},
    {code: '/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw', vars: '/usr/share/edk2/aarch64/vars-template-pflash.raw'},
  ],
};

/** Boot RAM of QEMU's board virt begins here. */
const RAM = gib(1);

/** Source of the kernel's part: arch/arm64, 5.10 to 7.2. The firmware is there for ACPI, which tells of DIMMs. */
export const arm64: Board = {
  arch: 'arm64',
  machineName: 'aarch64',
  nodeArch: 'arm64',

  qemu: 'qemu-system-aarch64',
  qemuPackage: 'qemu-system-arm',
  machine: 'virt,gic-version=max',
  firmware: (root) => flashArgs(EDK2, root),
  firmwarePackage: EDK2.package,
  cpu: (accel) => (accel === 'kvm' ? 'host' : 'cortex-a57'),
  virtio: 'pci',
  console: 'ttyAMA0',
  earlyConsole: 'earlycon',

  ports: rootPorts,
  ram: RAM,
  legacyHole: bytes(0),
  // arch/arm64/kernel/setup.c: request_standard_resources(); so is the flash of the firmware
  unmapped: 'reserved',
  dimms: 'acpi',
  // hw/arm/virt.c: virt_set_memmap()
  deviceMemory: behindRam(RAM),
  page: kib(4),
  pages,
  syscalls: genericSyscalls,
};

/** Sections, largest pages (ARCH_FORCE_MAX_ORDER) and huge pages by base page. Source: sparsemem.h, Kconfig. */
function pages(page: number): KernelPages {
  const [section, largest, huge] =
    page === kib(64)
      ? [mib(512), mib(512), mib(512)]
      : page === kib(16)
        ? [mib(128), mib(32), mib(32)]
        : [mib(128), mib(4), mib(2)];
  return {
    pageblock: huge,
    largestPages: largest,
    lowestZoneEnd: bytes(0),
    blockSize: () => ({value: section, because: `a section, with base pages of ${page / 1024} KiB`}),
  };
}
