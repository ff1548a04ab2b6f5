import type {Arch} from '../../image/image.ts';
import {UsageError} from '../../util/errors.ts';
import {amd64} from './amd64.ts';
import {arm64} from './arm64.ts';
import type {Board} from './board.ts';
import {ppc64el} from './ppc64el.ts';
import {riscv64} from './riscv64.ts';
import {s390x} from './s390x.ts';

/** The architectures that memhp can run guests of. To add one: a file beside amd64.ts, and its name here. */
export const boards: readonly Board[] = [amd64, arm64, ppc64el, s390x, riscv64];

/** The board of an architecture. Throws UsageError where there is none, with the name of the guest that wants it. */
export function boardOf(arch: Arch, among = boards, guest?: string): Board {
  const board = among.find((one) => one.arch === arch);
  if (board) return board;
  throw new UsageError(
    `${guest === undefined ? '' : `guest ${guest}: `}memhp has no board for guests of ${arch}: it can run ${among.map((one) => one.arch).join(', ')}; ` +
      'docs/adding-an-architecture.md says what a new one takes',
  );
}

/** The board of this host; undefined where memhp has none. */
export const hostBoard = (nodeArch: string = process.arch, among = boards): Board | undefined =>
  among.find((board) => board.nodeArch === nodeArch);
