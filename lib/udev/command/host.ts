import type {Oracle} from '../follow/explore.ts';
import type {Guest} from '../guest.ts';

/** What a program that udevd starts finds: files, other programs, and the guest. */
export interface Host {
  readonly oracle: Oracle;
  readonly guest: Guest;
  /** What the command is, for people: `RUN "…" (FILE:LINE)`. */
  readonly name: string;
  /** What a file says, with its line's end; undefined where it is not there, or can't be read. */
  readonly read: (path: string) => string | undefined;
  readonly exists: (path: string) => boolean;
  /** An error's name, or undefined where the write was taken. */
  readonly write: (path: string, text: string) => string | undefined;
  /** The files that a pattern of the shell finds. */
  readonly glob: (pattern: string) => readonly string[];
  /** Something that is not known is started, and may write to the block. */
  readonly mayWrite: (what: string) => void;
  /** One step of a script; throws where it takes too many. */
  readonly step: () => void;
}

/** What a program is given. */
export interface Call {
  readonly argv: readonly string[];
  readonly stdin: string;
  /** Prints; false where it could not be written. */
  readonly print: (text: string) => boolean;
  readonly cwd: string;
  readonly env: ReadonlyMap<string, string>;
  readonly host: Host;
}
