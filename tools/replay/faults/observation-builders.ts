import type {Fault, Past, Wrong} from './fault.ts';
import {type Lines, blockSizeOf, blocksOfInterest} from './observation-text.ts';
import {OBSERVE, type Entry} from '../recording.ts';

export const PAGE = 4096;
export const FOUR_GIB = 2 ** 32;

export interface Seen {
  readonly lines: Lines;
  /** The observation before; undefined for the first one. */
  readonly before: Lines | undefined;
  readonly first: Lines;
}

/** A fault of what an observation saw in the guest. */
export const ofObservation = (
  id: string,
  says: string,
  wrong: (seen: Seen) => Iterable<{about?: string; lines: Lines}>,
): Fault => ({
  id,
  says,
  *wrong(entry: Entry, {before, first}: Past): Iterable<Wrong> {
    const lines = linesOf(entry);
    if (entry.kind !== 'script' || lines === undefined) return;
    for (const {about = '', lines: changed} of wrong({
      lines,
      before: linesOf(before),
      first: linesOf(first) ?? lines,
    })) {
      yield {about, answer: {...entry.answer, stdout: changed.join('\n')}};
    }
  },
});

export const split = new WeakMap<Entry, Lines>();

export function linesOf(entry: Entry | undefined): Lines | undefined {
  if (entry?.kind !== 'script' || entry.question !== OBSERVE || !('stdout' in entry.answer)) return undefined;
  const lines = split.get(entry) ?? entry.answer.stdout.split('\n');
  split.set(entry, lines);
  return lines;
}

/** A fault of one block, for each block of interest. */
export const ofBlock = (id: string, says: string, wrong: (lines: Lines, block: number) => Lines | undefined): Fault =>
  ofObservation(id, says, function* ({lines, first}) {
    for (const block of blocksOfInterest(lines, first)) {
      const changed = wrong(lines, block);
      if (changed) yield {about: `memory${block}`, lines: changed};
    }
  });

/** A fault of a block's file; `undefined` where the content can't be wrong in this way. */
export const ofBlockFile = (
  id: string,
  says: string,
  file: string,
  wrong: (content: string) => string | undefined,
): Fault =>
  ofBlock(id, says, (lines, block) => {
    const path = `memory/memory${block}/${file}:`;
    const at = lines.findIndex((line) => line.startsWith(path));
    const content = at < 0 ? undefined : wrong(lines[at]?.slice(path.length) ?? '');
    return content === undefined ? undefined : lines.with(at, path + content);
  });

/** A fault of each file of each block of interest: it isn't there. */
export const ofBlockLine = (id: string, says: string): Fault =>
  ofObservation(id, says, function* ({lines, first}) {
    for (const block of blocksOfInterest(lines, first)) {
      for (const [i, line] of lines.entries()) {
        const path = /^(memory\/memory\d+\/)(\w+):/.exec(line);
        if (path?.[1] === `memory/memory${block}/`)
          yield {about: `memory${block}/${path[2]}`, lines: lines.toSpliced(i, 1)};
      }
    }
  });

/** A fault of each line that `wrong` changes, one at a time. */
export const ofLine = (
  id: string,
  says: string,
  wrong: (line: string, seen: Seen) => {about: string; line: string | undefined} | undefined,
): Fault =>
  ofObservation(id, says, function* (seen) {
    for (const [i, line] of seen.lines.entries()) {
      const found = wrong(line, seen);
      if (found)
        yield {
          about: found.about,
          lines: found.line === undefined ? seen.lines.toSpliced(i, 1) : seen.lines.with(i, found.line),
        };
    }
  });

/** A field of /proc/zoneinfo of each zone. */
export const ofZone = (id: string, says: string, fields: readonly string[], amount: (seen: Seen) => number): Fault =>
  ofObservation(id, says, function* (seen) {
    let zone = '';
    for (const [i, line] of seen.lines.entries()) {
      const head = /^\/proc\/zoneinfo:Node (\d+), zone +(\w+)/.exec(line);
      if (head) zone = `node ${head[1]} ${head[2]}`;
      const [, start = '', field = '', value = ''] =
        /^(\/proc\/zoneinfo: +(?:pages )?(free|spanned|present|managed|start_pfn)[: ]+)(\d+)$/.exec(line) ?? [];
      if (!fields.includes(field)) continue;
      const changed = seen.lines.with(i, start + String(Number(value) + amount(seen)));
      // The kernel prints where a zone starts only if it has pages.
      yield {
        about: `${zone} ${field}`,
        lines:
          field === 'present' && value === '0'
            ? changed.toSpliced(i + 1, 0, '/proc/zoneinfo:  start_pfn:           0')
            : changed,
      };
    }
  });

export const other = (word: string): string =>
  ({online: 'offline', offline: 'online', 'going-offline': 'offline'})[word] ?? 'online';

export function otherZones(zones: string): string {
  const words = zones.split(' ');
  if (words.length > 1) return words.toReversed().join(' ');
  return zones === 'Normal' || zones === 'none' ? 'Movable' : 'Normal';
}

/** A link that goes to the next node, or comes from it. */
export const onNextNode = (line: string): string =>
  line.replaceAll(/node(\d+)/g, (_all, node: string) => `node${Number(node) + 1}`);

export const pagesOfBlock = ({lines}: Seen): number => blockSizeOf(lines) / PAGE;
export const endMoved = (line: string, bytes: number): string =>
  line.replace(
    /-([0-9a-f]+) /,
    (_all, end: string) => `-${(Number.parseInt(end, 16) + bytes).toString(16).padStart(end.length, '0')} `,
  );
export const isRam = (line: string): boolean => /^\/proc\/iomem:[0-9a-f]+-[0-9a-f]+ : System RAM/.test(line);

/** A fault of each field of /proc/meminfo but MemTotal; `unit` is the least by which it can be wrong. */
export function ofMeminfo(id: string, says: string, wrong: (value: number, unit: number) => number): Fault {
  return ofLine(id, says, (line) => {
    const [, head = '', field = '', digits = '', unit = ''] =
      /^(\/proc\/meminfo:([\w()]+): +)(\d+)( kB)?$/.exec(line) ?? [];
    const changed = String(wrong(Number(digits), unit ? PAGE / 1024 : 1));
    return field === '' || field === 'MemTotal' || changed === digits
      ? undefined
      : {about: field, line: head + changed + unit};
  });
}

/** A line of a meminfo with more in it. */
export function memory(line: string, field: string | RegExp, more: number): {about: string; line: string} | undefined {
  const name = /^(.*?\b[\w()]+): +\d+(?: kB)?$/.exec(line)?.[1];
  if (name === undefined || !(typeof field === 'string' ? name === field : field.test(name))) return undefined;
  return {
    about: name.replace(/^\/proc\/meminfo:/, ''),
    line: line.replace(
      /(: +)(\d+)( kB)?$/,
      (_all, gap: string, number: string, unit = '') => `${gap}${Number(number) + more}${unit}`,
    ),
  };
}
