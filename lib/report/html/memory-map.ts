import type {BlockSeen} from '../../results/record.ts';
import {groupBy} from '../../results/summary.ts';
import {type Html, html, joined, raw} from './escape.ts';

/** A run of equal blocks longer than this is drawn as one bar: nobody counts a thousand squares. */
const FOLD = 64;
const PER_ROW = 32;
const PITCH = 18;
const SIDE = 16;
const LABEL = 96;

interface Look {
  id: string;
  letter: string;
  word: string;
}

/** Every look that a block can have, in the order of the legend. */
const looks = {
  Normal: {id: 'zN', letter: 'N', word: 'online, Normal'},
  Movable: {id: 'zM', letter: 'M', word: 'online, Movable'},
  DMA32: {id: 'z3', letter: '3', word: 'online, DMA32'},
  DMA: {id: 'zD', letter: 'D', word: 'online, DMA'},
  none: {id: 'z0', letter: '0', word: 'online, zone “none”'},
  other: {id: 'zx', letter: '?', word: 'something else'},
  offline: {id: 'zo', letter: '–', word: 'offline'},
  'going-offline': {id: 'zg', letter: '~', word: 'going offline'},
} satisfies {[name: string]: Look};

function lookOf({state, zones}: BlockSeen): Look {
  if (state === 'offline' || state === 'going-offline') return looks[state];
  // Several zones while online means that the kernel gives no single answer (memory of two zones): "none" or "?".
  if (state === 'online' && isZone(zones)) return looks[zones];
  return looks.other;
}

const isZone = (zones: string): zones is 'Normal' | 'Movable' | 'DMA32' | 'DMA' | 'none' =>
  Object.hasOwn(looks, zones) && /^(Normal|Movable|DMA32|DMA|none)$/.test(zones);

/** Consecutive blocks that differ in nothing but their number. */
interface Span {
  first: BlockSeen;
  count: number;
}

function spansOf(blocks: readonly BlockSeen[]): Span[] {
  const spans: Span[] = [];
  for (const block of blocks) {
    const last = spans.at(-1);
    if (last && block.id === last.first.id + last.count && sameState(block, last.first)) last.count += 1;
    else spans.push({first: block, count: 1});
  }
  return spans.flatMap((span) =>
    span.count > FOLD
      ? [span]
      : Array.from({length: span.count}, (_, n) => ({first: {...span.first, id: span.first.id + n}, count: 1})),
  );
}

const sameState = (a: BlockSeen, b: BlockSeen): boolean =>
  a.state === b.state && a.zones === b.zones && a.node === b.node && a.device === b.device;

/** The squares of one provider of memory, laid out in rows; `y` is where they begin. */
function groupMarkup(
  label: string,
  blocks: readonly BlockSeen[],
  y: number,
): {markup: Html; height: number; squares: number} {
  let column = 0;
  let row = 0;
  const drawn: Html[] = [];
  for (const span of spansOf(blocks)) {
    const width = span.count > 1 ? 4 : 1; // in squares
    if (column + width > PER_ROW) [column, row] = [0, row + 1];
    drawn.push(spanMarkup(span, LABEL + column * PITCH, y + row * PITCH, width * PITCH - (PITCH - SIDE)));
    column += width;
  }
  const short = label.length > 14 ? `${label.slice(0, 13)}…` : label;
  return {
    markup: html`<text class="ml" y="${y + 12}">${short}</text>${drawn}`,
    height: (row + 1) * PITCH + 4,
    squares: drawn.length,
  };
}

function spanMarkup({first, count}: Span, x: number, y: number, width: number): Html {
  const look = lookOf(first);
  const {id, state, zones, node, device} = first;
  const name = count > 1 ? `memory${id}…memory${id + count - 1}, ${count} blocks` : `memory${id}`;
  const title = html`<title>${name} · ${state} · ${zones} · ${node === null ? 'no node' : `node ${node}`} · ${device ?? 'boot memory'}</title>`;
  if (count === 1) return html`<use href="#${look.id}" x="${x}" y="${y}">${title}</use>`;
  return html`<g class="${look.id}">${title}<rect x="${x}" y="${y}" width="${width}" height="${SIDE}" rx="3"/><text x="${x + width / 2}" y="${y + 12}">${look.letter} ×${count}</text></g>`;
}

/** What is drawn and how large: boot memory first, then each memory device. */
function drawing(blocks: readonly BlockSeen[]): {markup: Html; height: number; width: number; squares: number} {
  const parts: Html[] = [];
  let height = 0;
  let squares = 0;
  let widest = 0;
  for (const [device, group] of groupBy(
    [...blocks].sort((a, b) => Number(a.device !== null) - Number(b.device !== null) || a.id - b.id),
    (block) => block.device,
  )) {
    const {markup, height: grown, squares: drawn} = groupMarkup(device ?? 'boot memory', group, height);
    parts.push(markup);
    height += grown;
    squares += drawn;
    widest = Math.max(widest, Math.min(group.length, PER_ROW));
  }
  return {markup: joined(parts), height, squares, width: LABEL + Math.max(widest, 4) * PITCH};
}

/** Draws states of the memory. The same state is drawn once in a page and referred to from then on. */
export class MemoryMapPainter {
  readonly #seen = new Map<string, Drawn>();
  readonly #left: {ordinary: number; important: number};

  /**
   * `budget`: how many squares a page may show and still open quickly. A repeated picture costs no bytes, but the
   * browser builds its squares again. Pictures of cases that did not simply pass have a budget of their own.
   */
  constructor(budget = 60_000) {
    this.#left = {ordinary: budget, important: budget};
  }

  /** The picture, or undefined where the budget is used up. */
  paint(blocks: readonly BlockSeen[], importance: 'ordinary' | 'important' = 'ordinary'): Html | undefined {
    if (this.#left[importance] <= 0) return undefined;
    const key = blocks
      .map(({id, state, zones, node, device}) => `${id} ${state} ${zones} ${node ?? ''} ${device ?? ''}`)
      .join('\n');
    const seen = this.#seen.get(key);
    const {markup, ...now} = seen ? {...seen, markup: html`<use href="#${seen.id}"/>`} : this.#draw(key, blocks);
    this.#left[importance] -= now.squares;
    return svg(now, blocks, markup);
  }

  #draw(key: string, blocks: readonly BlockSeen[]): Drawn & {markup: Html} {
    const {markup, ...size} = drawing(blocks);
    const drawn = {id: `m${this.#seen.size + 1}`, ...size};
    this.#seen.set(key, drawn);
    return {...drawn, markup: html`<g id="${drawn.id}">${markup}</g>`};
  }
}

interface Drawn {
  id: string;
  height: number;
  width: number;
  squares: number;
}

const svg = ({height, width}: {height: number; width: number}, blocks: readonly BlockSeen[], inner: Html): Html =>
  html`<svg class="map" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-label="${describe(blocks)}">${inner}</svg>`;

/** `boot memory: 8 online; dimm0: 3 offline, 5 online` */
export function describe(blocks: readonly BlockSeen[]): string {
  const states = (group: readonly BlockSeen[]): string =>
    [...groupBy(group, (block) => block.state)].map(([state, {length}]) => `${length} ${state}`).join(', ');
  return [...groupBy(blocks, (block) => block.device ?? 'boot memory')]
    .map(([name, group]) => `${name}: ${states(group)}`)
    .join('; ');
}

/** The squares that pictures refer to: once in a page, before the first picture. */
export const mapSymbols = (): Html =>
  html`<svg width="0" height="0" class="defs" aria-hidden="true"><defs>${Object.values(looks).map(
    ({id, letter}) =>
      html`<g id="${id}" class="${id}"><rect width="${SIDE}" height="${SIDE}" rx="3"/><text x="8" y="12">${letter}</text></g>`,
  )}</defs></svg>`;

export const mapLegend = (): Html =>
  html`<p class="legend">One square is one memory block: ${joined(
    Object.values(looks).map(
      ({id, word}) =>
        html`<span><svg width="16" height="16" aria-hidden="true"><use href="#${id}"/></svg> ${word}</span>`,
    ),
    raw(' ').markup,
  )}</p>`;
