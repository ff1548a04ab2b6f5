import {UsageError} from '../util/errors.ts';

/** Architectures a guest can have, by Debian's names. */
export const ARCHES = ['amd64', 'arm64', 'ppc64el', 's390x', 'riscv64'] as const;
export type Arch = (typeof ARCHES)[number];

/** What starts the guest's kernel. */
export type Boot =
  /** QEMU, which is given the kernel: its parameters can be chosen before each boot. */
  | {
      readonly how: 'direct';
      /** Paths of the kernel and initrd. */
      readonly kernel: string;
      readonly initrd: string;
      /** Kernel parameters the image needs to boot, e.g. `root=/dev/vda rw`. */
      readonly append: string;
    }
  /** The machine's firmware, from the image's disk: the parameters are the image's own. */
  | {readonly how: 'disk'};

/** Where the first shell of a guest that has booted comes from. */
export type Login =
  /**
   * Its sshd: a unit of memhp's in the image takes the keys that QEMU offers through fw_cfg, or, where the architecture
   * has no such device, those that lie in an archive behind its initrd.
   */
  | {readonly how: 'ssh'; readonly keys?: 'initrd'}
  /** Its init, which is memhp's own: it serves the shells, and names their ports on the console. */
  | {readonly how: 'init'};

/** What a guest boots from: the product of a manifest, whole and unchanging once it is in the cache. */
export interface Image {
  /** The guest's name, e.g. `debian-12`. */
  readonly name: string;
  readonly distro: string;
  readonly release: string;
  readonly arch: Arch;
  /** Digest of everything that went into the image: same key, same content. */
  readonly key: string;
  readonly boot: Boot;
  /** Path of the qcow2 disk; absent for a micro guest, which lives in its initrd. */
  readonly disk?: string;
  readonly login: Login;
  /** Commands run once in the guest before it is frozen. */
  readonly prepare: readonly string[];
}

/** Does the guest find its keys behind its initrd, and not ask QEMU for them? */
export const keysBehindInitrd = ({login}: Pick<Image, 'login'>): boolean =>
  login.how === 'ssh' && login.keys === 'initrd';

/** Path of the kernel that QEMU can be given; undefined where the kernel is in the disk. */
export const kernelOf = ({boot}: Pick<Image, 'boot'>): string | undefined =>
  boot.how === 'direct' ? boot.kernel : undefined;

/** The direct boot of an image whose kernel is wanted for something else. UsageError where it is in the disk. */
export function directBoot({name, boot}: Pick<Image, 'name' | 'boot'>): Boot & {how: 'direct'} {
  if (boot.how === 'direct') return boot;
  throw new UsageError(`${name} boots from its own disk, so there is no kernel beside it; take another guest`);
}

/** Why no kernel parameters can be added to the image's own, as a clause; undefined where they can. */
export const fixedParameters = ({name, boot}: Pick<Image, 'name' | 'boot'>): string | undefined =>
  boot.how === 'direct' ? undefined : `${name} boots from its own disk, so no kernel parameters can be added`;
