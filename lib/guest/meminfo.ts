import {Broken} from '../util/errors.ts';

/** /proc/meminfo or a node's meminfo: KiB by name; counts (HugePages_…) as they are. */
export type Meminfo = Readonly<Record<string, number>>;

/** Parses `MemTotal:  915408 kB` lines, with or without the `Node N` of a node's file. Throws Broken on any other line. */
export function parseMeminfo(text: string): Meminfo {
  const entries: [string, number][] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const match = /^(?:Node \d+ )?([\w()]+):\s+(\d+)(?: kB)?$/.exec(line.trim());
    if (!match) throw new Broken(`meminfo: not "Name: number kB": "${line.slice(0, 100)}"`);
    entries.push([match[1] ?? '', Number(match[2])]);
  }
  return Object.fromEntries(entries);
}
