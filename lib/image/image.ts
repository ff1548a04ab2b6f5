/** Architectures a guest can have, by Debian's names. */
export const ARCHES = ['amd64', 'arm64', 'ppc64el', 's390x', 'riscv64'] as const;
export type Arch = (typeof ARCHES)[number];

/** What a guest boots from: the product of a manifest, whole and unchanging once it is in the cache. */
export interface Image {
  /** The guest's name, e.g. `debian-12`. */
  readonly name: string;
  readonly distro: string;
  readonly release: string;
  readonly arch: Arch;
  /** Digest of everything that went into the image: same key, same content. */
  readonly key: string;
  /** Paths of the kernel and initrd for direct boot. */
  readonly kernel: string;
  readonly initrd: string;
  /** Path of the qcow2 disk; absent for a micro guest, which lives in its initrd. */
  readonly disk?: string;
  /** Kernel parameters the image needs to boot, e.g. `root=/dev/vda rw`. */
  readonly append: string;
  /** How the guest is brought up: by ssh, or by the shell that a micro guest's init starts itself. */
  readonly bringUp: 'ssh' | 'init';
  /** Commands run once in the guest before it is frozen. */
  readonly prepare: readonly string[];
}
