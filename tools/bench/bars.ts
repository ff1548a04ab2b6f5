import type {Measured} from './stats.ts';

/** Everything that was measured, by name. */
export type Figures = Readonly<Record<string, Measured>>;

/** A figure that has to be on one side of a limit. */
export interface Bar {
  readonly name: string;
  /** In the figure's unit. */
  readonly limit: number;
  readonly side: 'at least' | 'at most' | 'under';
}

export const bars: readonly Bar[] = [
  {name: 'boot / clone', limit: 40, side: 'at least'},
  {name: 'cycle / floor', limit: 1.15, side: 'at most'},
  {name: 'observation of 1,024 blocks', limit: 1000, side: 'under'},
  {name: 'report of 10,000 records', limit: 5, side: 'under'},
  {name: 'report of 10,000 records, memory', limit: 300, side: 'under'},
];

/** Whether the median is on the right side; a figure that is missing is not. */
export function isMet({name, limit, side}: Bar, figures: Figures): boolean {
  const median = figures[name]?.median ?? NaN;
  if (side === 'at least') return median >= limit;
  return side === 'under' ? median < limit : median <= limit;
}

/** Figures and bars as text. */
export function table(figures: Figures, asked: readonly Bar[] = bars): string {
  const width = Math.max(...Object.keys(figures).map(({length}) => length));
  const rows = Object.entries(figures).map(
    ([name, {median, min, max, n, unit}]) =>
      `${name.padEnd(width)}  ${short(median).padStart(8)} ${unit}  (${short(min)}–${short(max)}, n=${n})`,
  );
  const words = asked.map(
    (bar) =>
      `${isMet(bar, figures) ? 'met    ' : 'NOT MET'}  ${bar.name}: ${bar.side} ${bar.limit} ` +
      `${figures[bar.name]?.unit ?? ''}, measured ${short(figures[bar.name]?.median ?? NaN)}`,
  );
  return `${[...rows, '', ...words].join('\n')}\n`;
}

const short = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));
