import {readFileSync} from 'node:fs';

/**
 * QEMU's own sandbox: it starts no program, gains no rights and changes no limits. Every QEMU is started with it
 * (process.ts).
 */
export const sandboxArgs: readonly string[] = [
  '-sandbox',
  'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
];

/**
 * The command that a QEMU is started through: it dies with us, however we die, and gains no rights by starting
 * something. Where memhp runs as root, QEMU keeps none of root's capabilities: of root it has the files that root owns,
 * and no more.
 */
export const confined = (mayDropAll = holdsSetpcap()): readonly string[] => [
  'setpriv',
  '--pdeathsig',
  'KILL',
  '--no-new-privs',
  ...(mayDropAll ? ['--inh-caps', '-all', '--bounding-set', '-all'] : []),
  '--',
];

/**
 * CAP_SETPCAP, without which capabilities can't be given up for good. Users have none, and in some containers root
 * hasn't either.
 */
function holdsSetpcap(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${effective}`) & (1n << 8n)) !== 0n;
}
