import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from '../guest/guest.ts';

/** A load in the guest that can be ended. */
export interface Load {
  /** Ends it; returns how often it went through its memory. */
  end(): Promise<number>;
}

const DIR = '/run/memhp.churn';

/** Maps 4 MiB, writes each page twice, and gives the memory back, over and over, until it is told to end. */
const program = `
use strict;
my $rounds = 0;
$SIG{TERM} = sub { open(my $out, ">", "${DIR}/rounds") or die; print $out "$rounds\\n"; exit };
open(my $begun, ">", "${DIR}/begun") or die;
while (1) {
  my $memory = "a" x 4194304;
  for my $page (0 .. 1023) { substr($memory, $page * 4096, 1, "b") }
  undef $memory;
  $rounds++;
}`;

/** Starts a process that allocates, rewrites and frees memory until it is ended. A step. Needs \`command:perl\`. */
export async function churn(guest: CaseGuest): Promise<Load> {
  await guest.step('start a process that allocates, rewrites and frees memory', () =>
    guest.sh(
      `mkdir ${DIR} && { perl -e '${program}' </dev/null >/dev/null 2>&1 & echo $! >${DIR}/pid; } && until ` +
        `[ -e ${DIR}/begun ]; do :; done`,
    ),
  );
  return {
    end: async () => {
      const out = await guest.sh(
        `read -r pid <${DIR}/pid; kill -TERM $pid && while kill -0 $pid 2>/dev/null; do :; done; cat ${DIR}/rounds`,
      );
      if (!/^\d+\n$/.test(out)) throw new Broken(`the load in the guest ended with "${out.trim()}"`);
      return Number(out);
    },
  };
}
