import type {AccelChoice} from '../vmm/qemu/accelerator.ts';

/** What `memhp run` was asked for. */
export interface RunOptions {
  /** Suites, case ids or globs; all where empty. */
  readonly patterns: readonly string[];
  /** Names or files of guest manifests; the default guest where empty. */
  readonly guests: readonly string[];
  /** Kernels to boot with a generated initramfs instead of a guest: files, and packages as `debian:PATTERN`. */
  readonly kernel: readonly string[];
  readonly modules?: string | undefined;
  /** Kernel parameters added to every boot config. */
  readonly append: string;
  readonly accel: AccelChoice;
  /** QEMUs to run every guest in, side by side: programs, and those of Debian's suites as `debian:SUITE`. */
  readonly qemu: readonly string[];
  readonly jobs?: number | undefined;
  readonly shard?: {readonly index: number; readonly count: number} | undefined;
  /** Run directory; a new one below memhp-runs/ where it is left out. */
  readonly out?: string | undefined;
  /** Limit of a guest's boot in seconds; the default depends on the accelerator. */
  readonly bootTimeout?: number | undefined;
  /** Every deadline is longer by this factor, for a slow host; 1 where it is left out. */
  readonly patience?: number | undefined;
  /** Boot templates anew. */
  readonly fresh: boolean;
  readonly mirror?: string | undefined;
  readonly cache: string;
}
