import type {Place, Word} from '../place.ts';

/** Something that a boot loader offers to boot. */
export interface Entry {
  /** What a loader's `default` may name: an id, a title, a number. */
  readonly names: readonly string[];
  /** The file that is booted, as it is written. */
  readonly image: string;
  readonly words: readonly Word[];
  readonly place: Place;
}

/** What a boot loader's configuration says. */
export interface Loader {
  /** For people: "GRUB", "boot loader entries", "extlinux". */
  readonly name: string;
  readonly entries: readonly Entry[];
  /** The entry that boots by itself, as the configuration names it. */
  readonly chosen: string | undefined;
}
