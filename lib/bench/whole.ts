import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {loadRun} from '../results/store.ts';
import {groupBy} from '../results/summary.ts';
import type {Figures} from './bars.ts';
import {measured} from './stats.ts';

/** From a run directory: how long the whole run took for each guest, and how many clones came and went in a minute. */
export async function wholeRun(dir: string): Promise<Figures> {
  const {records} = await loadRun(dir);
  const minutes: number[] = [];
  const rates: number[] = [];
  const clones = (await readdir(join(dir, 'evidence'), {recursive: true})).filter((name) => name.endsWith('clone.json'));
  for (const [, group] of groupBy(records.filter(({missing}) => !missing), ({cell}) => cell.guest)) {
    const starts = group.map(({startedAt}) => Date.parse(startedAt));
    const ends = group.map(({startedAt, durationMs}) => Date.parse(startedAt) + durationMs);
    const took = (Math.max(...ends) - Math.min(...starts)) / 60_000;
    const cells = new Set(group.map(({cell}) => cell.id));
    minutes.push(took);
    rates.push(clones.filter((name) => cells.has(name.split('/')[0] ?? '')).length / took);
  }
  return {'whole run of a guest': measured(minutes, 'min'), 'clones per minute': measured(rates, '/min')};
}
