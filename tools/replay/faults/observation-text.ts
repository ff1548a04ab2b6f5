/** What an observation printed (lib/guest/script.ts), by lines, each of which says what it is about. */
export type Lines = readonly string[];

/** Parts of an observation that are read from different places, and so can be wrong alone. */
export const PARTS = ['meminfo', 'zoneinfo', 'iomem', 'blocks', 'policy', 'nodes', 'links', 'log'] as const;
export type Part = (typeof PARTS)[number];

/** The part that each line belongs to. */
export function partsOf(lines: Lines): (Part | undefined)[] {
  let section: Part | undefined;
  return lines.map((line) => {
    if (line === '@links') section = 'links';
    else if (line === '@kernel-log') section = 'log';
    else if (line === '@end') section = undefined;
    else return section ?? partOf(line);
    return undefined;
  });
}

function partOf(line: string): Part | undefined {
  const proc = /^\/proc\/(meminfo|zoneinfo|iomem):/.exec(line)?.[1];
  if (proc !== undefined) return proc as Part;
  if (/^memory\/memory\d/.test(line)) return 'blocks';
  if (line.startsWith('memory/auto_online_blocks')) return 'policy';
  return line.startsWith('node/') ? 'nodes' : undefined;
}

/** The lines with one part as it was in other lines. */
export function withPartOf(lines: Lines, other: Lines, part: Part): string[] {
  const [own, others] = [partsOf(lines), partsOf(other)];
  const old = other.filter((_line, i) => others[i] === part);
  const at = own.indexOf(part);
  const rest = lines.filter((_line, i) => own[i] !== part);
  if (at < 0) return rest;
  return rest.toSpliced(own.slice(0, at).filter((one) => one !== part).length, 0, ...old);
}

/** Ids of the memory blocks, ascending. */
export const blockIds = (lines: Lines): number[] =>
  lines
    .flatMap((line) => /^memory\/memory(\d+)\/state:/.exec(line)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

/** The lines about a block: its files, and its links in both directions. */
export const isAbout = (line: string, id: number): boolean =>
  new RegExp(`memory/memory${id}/|/memory${id} -> `).test(line);

/**
 * Of more blocks than this only those of interest are made wrong, and of many of those the lowest and the highest ones.
 */
const ALL = 24;
const MANY = 6;

/**
 * The blocks that a case is most likely about come first: those that are new or look different since the first
 * observation.
 */
export function blocksOfInterest(lines: Lines, first: Lines): readonly number[] {
  const known = interest.get(lines);
  if (known) return known;
  const chosen = choose(lines, first);
  interest.set(lines, chosen);
  return chosen;
}

const interest = new WeakMap<Lines, readonly number[]>();

function choose(lines: Lines, first: Lines): number[] {
  const ids = blockIds(lines);
  const files = (of: Lines, id: number): string => of.filter((line) => line.startsWith(`memory/memory${id}/`)).join();
  const changed = ids.filter((id) => files(lines, id) !== files(first, id));
  if (ids.length <= ALL) return [...changed, ...ids.filter((id) => !changed.includes(id))];
  const chosen = changed.length > 0 ? changed : ids;
  return chosen.length <= MANY ? chosen : [...chosen.slice(0, MANY / 2), ...chosen.slice(-MANY / 2)];
}

/** Bytes of a memory block. */
export const blockSizeOf = (lines: Lines): number =>
  Number.parseInt(lines.find((line) => line.startsWith('memory/block_size_bytes:'))?.split(':')[1] ?? '0', 16);
