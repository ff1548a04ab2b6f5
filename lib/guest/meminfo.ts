import {Broken} from '../util/errors.ts';
import {exactNumber} from '../util/number.ts';

/** /proc/meminfo or a node's meminfo: KiB by name; counts (HugePages_…) as they are. */
export type Meminfo = Readonly<Record<string, number>>;

/**
 * Parses `MemTotal: 915408 kB` lines, with or without the `Node N` of a node's file. Throws Broken on any other line,
 * on a size without its unit, which may have been cut, and on a name that is there twice.
 */
export function parseMeminfo(text: string): Meminfo {
  const entries = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [, name = '', digits = '', unit] = /^(?:Node \d+ )?([\w()]+): +(\d+)( kB)?$/.exec(line.trimEnd()) ?? [];
    if (name === '' || (unit === undefined && !name.startsWith('HugePages_')))
      throw new Broken(`meminfo: not "Name: number kB": "${line.slice(0, 100)}"`);
    if (entries.has(name)) throw new Broken(`meminfo: ${name} is there twice`);
    entries.set(name, exactNumber(digits, `meminfo: ${name}`));
  }
  return Object.fromEntries(entries);
}

/** MemTotal in KiB. Throws Broken where it isn't there. */
export function memTotalOf(meminfo: Meminfo, file: string): number {
  const total = meminfo['MemTotal'];
  if (total === undefined) throw new Broken(`${file} has no MemTotal`);
  return total;
}
