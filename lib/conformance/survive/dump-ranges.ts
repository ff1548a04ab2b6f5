import {MiB} from '../../util/size.ts';
import {systemRam} from '../../guest/iomem.ts';
import type {Observation} from '../../guest/observation.ts';
import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import type {CaseGuest} from '../guest/guest.ts';

export interface Range {
  readonly start: number;
  /** The byte after the last. */
  readonly end: number;
}

const PT_LOAD = 1;
/** Bytes of an ELF64 header and of one of its program headers. */
const [HEADER, PROGRAM_HEADER] = [64, 56];

/**
 * What a dump must have: all of System RAM but what is reserved for the kernel that writes it, from 1 MiB on. The first
 * MiB is left out, because that kernel may use it. Source: elf_header_exclude_ranges() of arch/x86/kernel/crash.c.
 */
export function expectedDump({iomem}: Observation): string[] {
  const crash = iomem.filter(({name}) => name === 'Crash kernel');
  if (crash.length === 0) throw new Broken('/proc/iomem has no Crash kernel: nothing is reserved for it');
  const without = (ranges: readonly Range[], hole: Range): Range[] =>
    ranges.flatMap(({start, end}) => [
      {start, end: Math.min(end, hole.start)},
      {start: Math.max(start, hole.end), end},
    ]);
  return shown(crash.reduce(without, systemRam(iomem)));
}

/**
 * The ranges that a loaded crash kernel would dump: read from its ELF header in the guest's memory, through QEMU's
 * monitor. Source: crash_prepare_elf64_headers() of the kernel.
 */
export async function loadedDump(guest: CaseGuest): Promise<string[]> {
  const crash = guest.now.iomem.find(({name}) => name === 'Crash kernel');
  for (
    let address = crash?.start ?? 0;
    crash && address < Math.min(crash.end, crash.start + 64 * guest.board.page);
    address += guest.board.page
  ) {
    const header = await memory(guest, address, HEADER);
    if (header.toString('latin1', 0, 4) !== '\x7fELF') continue;
    const table = Number(header.readBigUInt64LE(32));
    return shown(loads(await memory(guest, address + table, header.readUInt16LE(56) * PROGRAM_HEADER)));
  }
  throw new Broken('no ELF header is found where the kernel for a crash was loaded');
}

/** A script that prints the program headers of /proc/vmcore in hex, for `dumpOf`. */
export const readVmcore = `perl -e '
open(my $f, "<:raw", "/proc/vmcore") or die "/proc/vmcore: $!\\n";
sysread($f, my $header, ${HEADER}) == ${HEADER} or die;
my ($at, $count) = unpack("x32 Q x16 S", $header);
sysseek($f, $at, 0);
sysread($f, my $table, $count * ${PROGRAM_HEADER}) == $count * ${PROGRAM_HEADER} or die;
print unpack("H*", $table), "\\n"'`;

/** The ranges in what that printed. */
export function dumpOf(hex: string): string[] {
  if (!/^(?:[0-9a-f]{112})+\n$/.test(hex))
    throw new Broken(`not the program headers of /proc/vmcore: "${clean(hex, 200)}"`);
  return shown(loads(Buffer.from(hex, 'hex')));
}

/** Those of such ranges that lie above 4 GiB, where a machine with little boot RAM has DIMMs alone. */
export const aboveBoot = (ranges: readonly string[]): string[] =>
  ranges.filter((range) => Number.parseInt(range, 16) >= 2 ** 32);

/** The ranges that program headers name, ascending. */
export function loads(table: Buffer): Range[] {
  const count = table.length / PROGRAM_HEADER;
  return Array.from({length: count}, (_, i) => table.subarray(i * PROGRAM_HEADER, (i + 1) * PROGRAM_HEADER))
    .filter((header) => header.readUInt32LE(0) === PT_LOAD)
    .map((header) => [header.readBigUInt64LE(24), header.readBigUInt64LE(40)] as const)
    .map(([start, size]) => ({start: Number(start), end: Number(start + size)}));
}

/** Ranges put together where they meet, without the first MiB, in hex. */
export function shown(ranges: readonly Range[]): string[] {
  const merged: {start: number; end: number}[] = [];
  const high = ranges.map(({start, end}) => ({start: Math.max(start, MiB), end}));
  for (const {start, end} of high.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (start >= end) continue;
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({start, end});
  }
  return merged.map(({start, end}) => `${start.toString(16)}-${(end - 1).toString(16)}`);
}

/** Bytes of the guest's memory at a physical address. Source: the monitor's xp. */
async function memory(guest: CaseGuest, address: number, length: number): Promise<Buffer> {
  const text = await guest.qmp.hmp(`xp /${length / 8}gx 0x${address.toString(16)}`);
  const words = [...text.matchAll(/\b0x([0-9a-f]{16})\b/g)].map(([, word = '']) => Buffer.from(word, 'hex').reverse());
  if (words.length * 8 === length) return Buffer.concat(words);
  const seen = `${words.length * 8} bytes of the guest's memory instead of ${length}`;
  throw new Broken(`QEMU's monitor shows ${seen}: "${clean(text, 200)}"`);
}
