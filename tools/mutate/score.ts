import type {Count, Survivor, Tally} from './mutate.ts';
import type {MutantTable} from './table.ts';

/** All that was injected, and what came of it. */
export interface Score {
  readonly cases: number;
  readonly total: Count;
  readonly faults: Readonly<Record<string, Count>>;
  readonly survivors: readonly Survivor[];
  /** How often each rule of tools/mutate/mutants.yaml under `survivors` explained one, by its number. */
  readonly used: Readonly<Record<number, {explained: number; caught: number}>>;
}

const none = (): Count => ({injected: 0, caught: 0, explained: 0, equivalent: 0});

function add(sum: Count, more: Count): void {
  for (const key of Object.keys(sum) as (keyof Count)[]) sum[key] += more[key];
}

export function scoreOf(tallies: readonly Tally[]): Score {
  const [total, faults, used] = [
    none(),
    {} as Record<string, Count>,
    {} as Record<number, {explained: number; caught: number}>,
  ];
  for (const tally of tallies) {
    for (const [fault, count] of Object.entries(tally.counts)) {
      add(total, count);
      add((faults[fault] ??= none()), count);
    }
    for (const [rule, count] of Object.entries(tally.used)) {
      const sum = (used[Number(rule)] ??= {explained: 0, caught: 0});
      sum.explained += count.explained;
      sum.caught += count.caught;
    }
  }
  return {cases: tallies.length, total, faults, survivors: tallies.flatMap(({survivors}) => survivors), used};
}

/** Explanations that explain nothing any more, although what they name was injected. */
export const stale = ({used}: Score, {survivors}: MutantTable): string[] =>
  survivors.flatMap(({case: id, fault, at, about}, i) =>
    used[i] && used[i].explained === 0
      ? [`caught now, so it needs no explanation: ${fault} ${about} at ${at} in ${id}`]
      : [],
  );

/**
 * Of all that was injected, in percent: what was caught, and what was caught or is explained. Never rounded up to 100.
 */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${(Math.floor((part / whole) * 10_000) / 100).toFixed(2)} %`;

/** The score as a table in Markdown, one line a fault. */
export function scoreTable({faults, total}: Score): string {
  const row = (name: string, {injected, caught, explained, equivalent}: Count): string =>
    `| ${name} | ${injected} | ${caught} | ${percent(caught, injected)} | ${explained} | ` +
    `${injected - caught - explained} | ${equivalent} |`;
  return [
    '| fault | injected | caught | | explained | survivors | not injected: means the same |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...Object.entries(faults)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => row(name, count)),
    row('all', total),
  ].join('\n');
}
