import {MiB} from '../util/size.ts';
/** What a script did in the guest. Outputs are as the guest gave them, bounded but not cleaned. */
export interface ShellResult {
  /** Exit status, 0–255. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One way to run scripts in the guest, one at a time. */
export interface Shell {
  readonly kind: 'ssh' | 'port';
  /**
   * Runs a POSIX shell script as root. Throws DeadlineError after `ms`, Broken when the way is lost or floods. `here`
   * spares the process that keeps a script apart from the next one, where the guest has a shell that stays: for scripts
   * that end by themselves.
   */
  run(script: string, ms: number, where?: 'here'): Promise<ShellResult>;
  close(): void;
}

/** No script of ours prints more; a guest that does is flooding. */
export const OUTPUT_LIMIT = 32 * MiB;
