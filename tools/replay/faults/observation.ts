import type {Fault} from './fault.ts';
import {blockIds, blockSizeOf, isAbout, PARTS, partsOf, withPartOf} from './observation-text.ts';
import {
  FOUR_GIB,
  PAGE,
  endMoved,
  isRam,
  memory,
  ofBlock,
  ofBlockFile,
  ofBlockLine,
  ofLine,
  ofMeminfo,
  ofObservation,
  ofZone,
  onNextNode,
  other,
  otherZones,
  pagesOfBlock,
} from './observation-builders.ts';

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
