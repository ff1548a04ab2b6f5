import type {Fault} from './fault.ts';
import {isRam, memory, ofBlock, ofLine, ofObservation} from './observation-builders.ts';
import {blockSizeOf, type Lines} from './observation-text.ts';

const MEMTOTAL = '/proc/meminfo:MemTotal';
const KIB_PER_PAGE = 4;
const ZONE_FIELD = /^(\/proc\/zoneinfo: +(?:pages )?)(spanned|present|managed|start_pfn)[: ]+\d+$/;

/** More that can be wrong with an observation: for the invariants, where the faults above are for a case's checks. */
export const viewFaults: readonly Fault[] = [
  ofLine('memtotal-block-less', 'MemTotal is a block less than it should be.', (line, {lines}) =>
    memory(line, MEMTOTAL, -blockSizeOf(lines) / 1024),
  ),
  ofLine('memtotal-page-less', 'MemTotal is a page less than it should be.', (line) =>
    memory(line, MEMTOTAL, -KIB_PER_PAGE),
  ),
  ofLine('ram-moved', 'A range of System RAM is a block too high in /proc/iomem.', (line, {lines}) =>
    isRam(line)
      ? {
          about: line.slice(12),
          line: line.replace(
            /^(\/proc\/iomem:)([0-9a-f]+)-([0-9a-f]+)/,
            (_all, file: string, from: string, to: string) =>
              `${file}${higher(from, blockSizeOf(lines))}-${higher(to, blockSizeOf(lines))}`,
          ),
        }
      : undefined,
  ),
  ofBlock('link-one-way', "A block names its node, and the node doesn't name the block.", (lines, id) =>
    lines.filter((line) => !new RegExp(`node\\d+/memory${id} -> `).test(line)),
  ),
  ofObservation(
    'zone-field-stale',
    "A field of a zone hasn't moved since the observation before.",
    function* ({lines, before}) {
      if (!before) return;
      const old = zoneFields(before);
      for (const [key, {i}] of zoneFields(lines)) {
        const was = old.get(key);
        if (was !== undefined && was.line !== lines[i]) yield {about: key, lines: lines.with(i, was.line)};
      }
    },
  ),
  ofObservation(
    'block-file-stale',
    'A file of a block reads as it did at the observation before.',
    function* ({lines, before}) {
      const old = new Map(before?.map((line) => [pathOf(line), line]));
      for (const [i, line] of lines.entries()) {
        const was = /^memory\/memory\d/.test(line) ? old.get(pathOf(line)) : undefined;
        if (was !== undefined && was !== line) yield {about: pathOf(line), lines: lines.with(i, was)};
      }
    },
  ),
  ofLine(
    'clock-set',
    "The guest's clock was set since the observation before: it booted a second later.",
    (line, {before}) => {
      const [, start = '', seconds = ''] = /^(\/proc\/stat:btime )(\d+)$/.exec(line) ?? [];
      return start === '' || !before ? undefined : {about: '', line: start + String(Number(seconds) + 1)};
    },
  ),
  ofObservation('observation-cut', 'The end of an observation is missing.', function* ({lines}) {
    for (const part of [0.25, 0.5, 0.75])
      yield {about: `after ${part * 100} %`, lines: lines.slice(0, Math.floor(lines.length * part))};
    yield {about: 'last line', lines: lines.slice(0, lines.lastIndexOf('@end'))};
  }),
  ofObservation('line-lost', 'A line of an observation is missing.', function* ({lines}) {
    for (const [i, line] of lines.entries())
      if (/^@|^\/proc\/iomem:|^node\/|memory\/(?:block_size|auto)/.test(line) && !line.includes('meminfo'))
        yield {about: `line ${i + 1}`, lines: lines.toSpliced(i, 1)};
  }),
];

const higher = (hex: string, bytes: number): string =>
  (Number.parseInt(hex, 16) + bytes).toString(16).padStart(hex.length, '0');

const pathOf = (line: string): string => line.slice(0, line.indexOf(':'));

/** Lines of fields of /proc/zoneinfo, by `node 0 Normal present`. */
function zoneFields(lines: Lines): Map<string, {i: number; line: string}> {
  const found = new Map<string, {i: number; line: string}>();
  let zone = '';
  for (const [i, line] of lines.entries()) {
    const head = /^\/proc\/zoneinfo:Node (\d+), zone +(\w+)/.exec(line);
    if (head) zone = `node ${head[1]} ${head[2]}`;
    const field = ZONE_FIELD.exec(line)?.[2];
    if (field !== undefined) found.set(`${zone} ${field}`, {i, line});
  }
  return found;
}
