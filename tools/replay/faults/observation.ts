import type {Fault, Past, Wrong} from './fault.ts';
import {
  type Lines,
  blockIds,
  blockSizeOf,
  blocksOfInterest,
  isAbout,
  PARTS,
  partsOf,
  withPartOf,
} from './observation-text.ts';
import {OBSERVE, type Entry} from '../recording.ts';

const PAGE = 4096;
const FOUR_GIB = 2 ** 32;

interface Seen {
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

const split = new WeakMap<Entry, Lines>();

function linesOf(entry: Entry | undefined): Lines | undefined {
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
const ofBlockFile = (id: string, says: string, file: string, wrong: (content: string) => string | undefined): Fault =>
  ofBlock(id, says, (lines, block) => {
    const path = `memory/memory${block}/${file}:`;
    const at = lines.findIndex((line) => line.startsWith(path));
    const content = at < 0 ? undefined : wrong(lines[at]?.slice(path.length) ?? '');
    return content === undefined ? undefined : lines.with(at, path + content);
  });

/** A fault of each file of each block of interest: it isn't there. */
const ofBlockLine = (id: string, says: string): Fault =>
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
const ofZone = (id: string, says: string, fields: readonly string[], amount: (seen: Seen) => number): Fault =>
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

const other = (word: string): string =>
  ({online: 'offline', offline: 'online', 'going-offline': 'offline'})[word] ?? 'online';

function otherZones(zones: string): string {
  const words = zones.split(' ');
  if (words.length > 1) return words.toReversed().join(' ');
  return zones === 'Normal' || zones === 'none' ? 'Movable' : 'Normal';
}

/** A link that goes to the next node, or comes from it. */
const onNextNode = (line: string): string =>
  line.replaceAll(/node(\d+)/g, (_all, node: string) => `node${Number(node) + 1}`);

const pagesOfBlock = ({lines}: Seen): number => blockSizeOf(lines) / PAGE;
const endMoved = (line: string, bytes: number): string =>
  line.replace(
    /-([0-9a-f]+) /,
    (_all, end: string) => `-${(Number.parseInt(end, 16) + bytes).toString(16).padStart(end.length, '0')} `,
  );
export const isRam = (line: string): boolean => /^\/proc\/iomem:[0-9a-f]+-[0-9a-f]+ : System RAM/.test(line);

/** What can be wrong with what an observation saw in the guest. */
export const observationFaults: readonly Fault[] = [
  ofBlock('block-state', 'A block is in the other state.', (lines, id) => {
    const was = lines.find((line) => line.startsWith(`memory/memory${id}/state:`))?.split(':')[1] ?? '';
    return lines.map((line) => {
      if (line.startsWith(`memory/memory${id}/state:`)) return `memory/memory${id}/state:${other(was)}`;
      return line.startsWith(`memory/memory${id}/online:`)
        ? `memory/memory${id}/online:${other(was) === 'online' ? 1 : 0}`
        : line;
    });
  }),
  ofBlockFile(
    'block-zones',
    "A block's valid_zones names other zones, or the same ones in another order.",
    'valid_zones',
    otherZones,
  ),
  ofBlockFile('block-online-file', "A block's file online disagrees with its state.", 'online', (content) =>
    content === '1' ? '0' : '1',
  ),
  ofBlock('block-missing', 'A block is missing.', (lines, id) => lines.filter((line) => !isAbout(line, id))),
  ofObservation('block-extra', 'There is a block more.', function* ({lines}) {
    const last = blockIds(lines).at(-1) ?? 0;
    // The next one, and the first ones of the region for memory devices.
    const free = [last + 1, ...[0, 1, 2, 3].map((i) => FOUR_GIB / blockSizeOf(lines) + i)].filter(
      (id, i, all) => all.indexOf(id) === i && !blockIds(lines).includes(id),
    );
    for (const id of free) {
      const renamed = (line: string): string =>
        line
          .replaceAll(`memory${last}`, `memory${id}`)
          .replace(/(phys_index:)[0-9a-f]+$/, (_all, name: string) => name + id.toString(16).padStart(8, '0'));
      yield {
        about: `memory${id}`,
        lines: lines.flatMap((line) => (isAbout(line, last) ? [line, renamed(line)] : [line])),
      };
    }
  }),
  ofZone(
    'zone-block',
    "The pages of a zone are a block's more than they should be.",
    ['present', 'managed', 'spanned', 'start_pfn', 'free'],
    pagesOfBlock,
  ),
  ofZone(
    'zone-page',
    'The pages of a zone are one more than they should be.',
    ['present', 'managed', 'spanned', 'free'],
    () => 1,
  ),
  ofObservation(
    'zones-exchanged',
    'The zones Normal and Movable are exchanged in /proc/zoneinfo.',
    function* ({lines}) {
      yield {
        lines: lines.map((line) =>
          line.replace(
            /^(\/proc\/zoneinfo:Node \d+, zone +)(Normal|Movable)$/,
            (_all, head: string, zone: string) => head + (zone === 'Normal' ? 'Movable' : 'Normal'),
          ),
        ),
      };
    },
  ),
  ofLine('memtotal-block', 'MemTotal is a block more than it should be.', (line, {lines}) =>
    memory(line, '/proc/meminfo:MemTotal', blockSizeOf(lines) / 1024),
  ),
  ofLine('memtotal-page', 'MemTotal is a page more than it should be.', (line) =>
    memory(line, '/proc/meminfo:MemTotal', PAGE / 1024),
  ),
  ofLine('ram-missing', 'A range of System RAM is missing in /proc/iomem.', (line) =>
    isRam(line) ? {about: line.slice(12), line: undefined} : undefined,
  ),
  ofLine('ram-short', 'A range of System RAM ends a page too early.', (line) =>
    isRam(line) ? {about: line.slice(12), line: endMoved(line, -PAGE)} : undefined,
  ),
  ofLine('ram-long', 'A range of System RAM ends a block too late.', (line, {lines}) =>
    isRam(line) ? {about: line.slice(12), line: endMoved(line, blockSizeOf(lines))} : undefined,
  ),
  ofLine('ram-name', 'A range of System RAM has another name.', (line) =>
    isRam(line) ? {about: line.slice(12), line: `${line} (other)`} : undefined,
  ),
  ofObservation('ram-extra', 'There is a range of System RAM more, above all others.', function* ({lines}) {
    const last = lines.findLastIndex((line) => line.startsWith('/proc/iomem:'));
    if (last >= 0) yield {lines: lines.toSpliced(last + 1, 0, '/proc/iomem:10000000000-10007ffffff : System RAM')};
  }),
  ofLine('policy-other', 'The file auto_online_blocks reads another policy.', (line) => {
    const [, start = '', word = ''] = /^(memory\/auto_online_blocks:)(.*)$/.exec(line) ?? [];
    return start ? {about: '', line: start + other(word.replace(/_.*/, ''))} : undefined;
  }),
  ofBlock('link-missing', 'The links between a block and its node are missing.', (lines, id) =>
    lines.filter((line) => !line.includes(' -> ') || !isAbout(line, id)),
  ),
  ofBlock('link-other', 'A block is on another node.', (lines, id) =>
    lines.map((line) => (line.includes(' -> ') && isAbout(line, id) ? onNextNode(line) : line)),
  ),
  ofBlockFile('removable-other', "A block's removable reads the other way.", 'removable', (content) =>
    content === '1' ? '0' : '1',
  ),
  ofBlockFile('phys-index-off', "A block's phys_index is one too large.", 'phys_index', (content) =>
    (Number.parseInt(content, 16) + 1).toString(16).padStart(content.length, '0'),
  ),
  ofBlockFile('phys-device-off', "A block's phys_device is one too large.", 'phys_device', (content) =>
    String(Number(content) + 1),
  ),
  ofBlockLine('block-file-missing', "A file of a block can't be read."),
  ofLine('block-size-other', 'The file block_size_bytes is half of what it should be.', (line) =>
    line.startsWith('memory/block_size_bytes:')
      ? {about: '', line: line.replace(/[0-9a-f]+$/, (hex) => (Number.parseInt(hex, 16) / 2).toString(16))}
      : undefined,
  ),
  ofLine('node-mask-other', 'A mask of nodes has one node more.', (line) => {
    const path = /^(node\/(?:possible|online|has_\w+)):/.exec(line)?.[1];
    return path === undefined ? undefined : {about: path, line: `${line},63`};
  }),
  ofLine('node-total-block', "A node's MemTotal is a block more than it should be.", (line, {lines}) =>
    memory(line, /^node\/node\d+\/meminfo:Node \d+ MemTotal/, blockSizeOf(lines) / 1024),
  ),
  ofObservation(
    'part-stale',
    'One part of an observation is as it was in the observation before.',
    function* ({lines, before}) {
      if (!before) return;
      for (const part of PARTS) {
        const changed = withPartOf(lines, before, part);
        if (changed.join('\n') !== lines.join('\n')) yield {about: part, lines: changed};
      }
    },
  ),
  ofObservation('observation-stale', 'An observation is the observation before again.', function* ({lines, before}) {
    if (before && before.join('\n') !== lines.join('\n')) yield {lines: before};
  }),
  ofObservation('log-missing', "The kernel's messages are missing.", function* ({lines}) {
    const parts = partsOf(lines);
    if (parts.includes('log')) yield {lines: lines.filter((_line, i) => parts[i] !== 'log')};
  }),
  ofObservation('log-made-up', 'The kernel says something that it has no reason for.', function* ({lines}) {
    const at = lines.indexOf('@kernel-log');
    for (const words of [
      'Out of memory: Killed process 1 (init)',
      'WARNING: CPU: 0 PID: 1 at mm/memory_hotplug.c:1',
      'page allocation failure: order:9',
      'acpi PNP0C80:00: add_memory failed',
    ]) {
      if (at >= 0) yield {about: words, lines: lines.toSpliced(at + 1, 0, `[    9.000000] ${words}`)};
    }
  }),
  ofMeminfo(
    'meminfo-off',
    'A field of /proc/meminfo is too large by the least that it can be.',
    (value, unit) => value + unit,
  ),
  ofMeminfo('meminfo-double', 'A field of /proc/meminfo is twice what it should be.', (value) => value * 2),
  ofMeminfo('meminfo-zero', 'A field of /proc/meminfo is 0.', () => 0),
];

/** A fault of each field of /proc/meminfo but MemTotal; `unit` is the least by which it can be wrong. */
function ofMeminfo(id: string, says: string, wrong: (value: number, unit: number) => number): Fault {
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
