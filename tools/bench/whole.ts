import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {loadRun} from '../../lib/results/store.ts';
import {groupBy} from '../../lib/results/summary.ts';
import type {Figures} from './bars.ts';
import {measured} from './stats.ts';

/**
 * From a run directory: how long the whole run took for each guest, how many clones came and went in a minute, and what
 * a clone costs beside the work of its case: the first look, and no more than what lies outside of the case's steps.
 * That is QEMU's start, waking up and end, and in some cases more: other clones to compare with, or a reboot.
 */
export async function wholeRun(dir: string): Promise<Figures> {
  const {records} = await loadRun(dir);
  const minutes: number[] = [];
  const rates: number[] = [];
  const clones = (await readdir(join(dir, 'evidence'), {recursive: true})).filter((name) =>
    name.endsWith('clone.json'),
  );
  for (const [, group] of groupBy(
    records.filter(({missing}) => !missing),
    ({cell}) => cell.guest,
  )) {
    const starts = group.map(({startedAt}) => Date.parse(startedAt));
    const ends = group.map(({startedAt, durationMs}) => Date.parse(startedAt) + durationMs);
    const took = (Math.max(...ends) - Math.min(...starts)) / 60_000;
    const cells = new Set(group.map(({cell}) => cell.id));
    minutes.push(took);
    rates.push(clones.filter((name) => cells.has(name.split('/')[0] ?? '')).length / took);
  }
  const steps = records.flatMap(({durationMs, steps: [first, ...later]}) => {
    const last = later.at(-1);
    return first && last
      ? [{all: durationMs, first: first.durationMs, outside: durationMs - last.atMs - last.durationMs}]
      : [];
  });
  return {
    'a case': measured(
      steps.map(({all}) => all),
      'ms',
    ),
    'a case, outside of its steps': measured(
      steps.map(({outside}) => outside),
      'ms',
    ),
    'a case, first look at its clone': measured(
      steps.map(({first}) => first),
      'ms',
    ),
    'whole run of a guest': measured(minutes, 'min'),
    'clones per minute': measured(rates, '/min'),
  };
}
