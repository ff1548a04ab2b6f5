import type {Arch} from '../image.ts';

/** How a kernel of an architecture is built, in Kbuild's words. */
export interface Target {
  /** `ARCH=`: also the directory below arch/, but for x86. */
  readonly arch: string;
  /** The directory below arch/. */
  readonly directory: string;
  /** What the cross compiler's programs begin with. */
  readonly prefix: string;
  /** What Node calls it (process.arch): there the host's own compiler does. */
  readonly nodeArch: string;
  /** What is made, and where it is then. */
  readonly make: string;
  readonly image: string;
  /** Headers that the build needs beyond those of the C library. */
  readonly headers: readonly string[];
}

/** libelf's, for objtool, which checks x86's stack frames. */
const LIBELF = '/usr/include/gelf.h';

const generic = (arch: string, prefix: string, nodeArch: string, make: string, image: string): Target => ({
  arch,
  directory: arch,
  prefix,
  nodeArch,
  make,
  image,
  headers: [],
});

/** Each image is one that QEMU boots directly (readKernel). */
export const targets: Readonly<Record<Arch, Target>> = {
  amd64: {
    ...generic('x86_64', 'x86_64-linux-gnu-', 'x64', 'bzImage', 'arch/x86/boot/bzImage'),
    directory: 'x86',
    headers: [LIBELF],
  },
  arm64: generic('arm64', 'aarch64-linux-gnu-', 'arm64', 'Image', 'arch/arm64/boot/Image'),
  ppc64el: generic('powerpc', 'powerpc64le-linux-gnu-', 'ppc64', 'vmlinux', 'vmlinux'),
  s390x: generic('s390', 's390x-linux-gnu-', 's390x', 'bzImage', 'arch/s390/boot/bzImage'),
  riscv64: generic('riscv', 'riscv64-linux-gnu-', 'riscv64', 'Image', 'arch/riscv/boot/Image'),
};

/** What the compiler's programs begin with on this host: nothing where it is its own. */
export const prefixOn = ({nodeArch, prefix}: Target, host: string = process.arch): string =>
  host === nodeArch ? '' : prefix;

/** The programs and headers that a build needs. */
export const toolsOf = (target: Target): string[] => [
  ...['make', 'gcc', 'flex', 'bison', 'bc', 'perl', 'tar', 'xz', '/usr/include/stdio.h', ...target.headers],
  ...['gcc', 'ld'].map((program) => `${prefixOn(target)}${program}`).filter((name) => name !== 'gcc'),
];
