import {createHash} from 'node:crypto';
import type {z} from 'zod';
import {BUILDER} from '../entry.ts';
import type {Arch, Image} from '../image.ts';
import type {BuildOptions} from '../store.ts';

/** A guest file, read: where a guest comes from, and nothing about tests. */
export interface Manifest {
  readonly name: string;
  readonly distro: string;
  readonly release: string;
  /** For people; it changes nothing in the image. */
  readonly title: string;
  readonly arch: Arch;
  /** One value, under the name of its source; that source's schema has made it. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Commands run once in the guest before it is frozen. */
  readonly prepare: readonly string[];
}

/** A machine that does a part of a build: it works by itself, says how far it is, and writes to its disks. */
export interface BuildMachine {
  /** The guest that is built, for messages. */
  readonly name: string;
  readonly arch: Arch;
  readonly kernel: string;
  readonly initrd: string;
  /** /dev/vda and so on; the machine writes to them. */
  readonly disks: readonly {readonly path: string; readonly format: 'qcow2' | 'raw'}[];
  /** How a line of the console begins that tells a step's word, or `failed`. */
  readonly says: string;
  /** Its steps in their order; the work is over with the last. */
  readonly steps: readonly {readonly said: string; readonly means: string}[];
  /** Keeps what it says on its console. */
  readonly consoleFile: string;
}

export interface SourceOptions extends BuildOptions {
  /** Mirror to take packages from; absent: the tool's own choice. */
  readonly mirror?: string | undefined;
  /** Text of the shell server, for guests whose init is memhp's own: serveScript(). */
  readonly serve?: string | undefined;
  /** Boots a machine and waits until it has done its work. Throws Broken with its console's last lines. */
  readonly machine?: ((machine: BuildMachine) => Promise<void>) | undefined;
}

/**
 * A kind of place that guests come from: an entry of the table in sources.ts. `S` stands in a guest file below its
 * name.
 */
export interface GuestSource<S = unknown> {
  /** What comes from it: one line for people and their editors. */
  readonly title: string;
  /** Takes what a guest file says, and refuses what can't be used: nothing later looks at it again. */
  readonly schema: z.ZodType<S>;
  /**
   * Digest of all that goes into the image, without making any of it: keyOf(). Undefined where only making it shows
   * what goes in; such an image is never found, but made, so that must take seconds.
   */
  key(manifest: Manifest, source: S, options: Pick<SourceOptions, 'mirror'>): Promise<string | undefined>;
  /**
   * The image, from the cache or made now: imageOf(). How it boots and is logged in to are properties of the image.
   * Throws UsageError where the guest file or the host lacks something, Broken where making it fails.
   */
  build(manifest: Manifest, source: S, options: SourceOptions): Promise<Image>;
}

/** Sources by the name that they have in a guest file. */
export type Sources = Readonly<Record<string, GuestSource>>;

/** Digest of a manifest and of what else goes into its image. The title is for people, so it doesn't count. */
export function keyOf({title: _, ...content}: Manifest, inputs: Readonly<Record<string, unknown>>): string {
  return createHash('sha256')
    .update(JSON.stringify({builder: BUILDER, content, ...inputs}))
    .digest('hex');
}
