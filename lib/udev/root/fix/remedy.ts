import type {Kept} from '../tree/memory.ts';

/** A file to write. `target` instead of a text: a link to make. */
export type Written = {readonly path: string; readonly text: string} | {readonly path: string; readonly target: string};

/** A part of a fix: files, why they work, and what makes them work now. */
export interface Remedy {
  readonly files: readonly Written[];
  /** What a tool then makes of them, for the proof: grub.cfg of /etc/default/grub. */
  readonly made: readonly Written[];
  readonly why: readonly string[];
  /** Commands that make it work on the running system; empty: the next boot does. */
  readonly then: readonly string[];
  /** Only the next boot makes it work, for one. */
  readonly reboot: boolean;
  /** It writes the kernel's policy: what that reads now says nothing of what comes. */
  readonly setsPolicy: boolean;
}

export const remedy = (some: Partial<Remedy>): Remedy => ({
  files: [],
  made: [],
  why: [],
  then: [],
  reboot: false,
  setsPolicy: false,
  ...some,
});

/** Several as one. The later one has the last word on a file. */
export const together = (...all: readonly Remedy[]): Remedy => ({
  files: all.flatMap((one) => one.files),
  made: all.flatMap((one) => one.made),
  why: all.flatMap((one) => one.why),
  then: [...new Set(all.flatMap((one) => one.then))],
  reboot: all.some((one) => one.reboot),
  setsPolicy: all.some((one) => one.setsPolicy),
});

/** The files of a fix as they lie over a root. */
export const keptOf = ({files, made}: Remedy): Map<string, Kept> =>
  new Map(
    [...files, ...made].map((file): [string, Kept] => [
      file.path,
      'text' in file ? {bytes: Buffer.from(file.text, 'latin1')} : {target: file.target},
    ]),
  );
