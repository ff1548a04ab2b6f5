import {caseOf, strayed} from '../detect/cases.ts';
import {serveJobs, type Job} from '../replay/pool.ts';
import type {Choice} from './choose.ts';
import {mutate, type Tally} from './mutate.ts';
import {readMutantTable} from './table.ts';

/** One case of a run, to be told its record with something wrong in it. */
export interface MutateJob extends Choice, Job {
  readonly dir: string;
}

/** What came of a job; `strayed`: the unchanged record gives another verdict, so that it can't be used. */
export type Mutated = {readonly case: string} & ({readonly tally: Tally} | {readonly strayed: string});

const table = await readMutantTable();

serveJobs(async ({dir, case: id, ...choice}: MutateJob): Promise<Mutated> => {
  const subject = await caseOf(dir, id);
  const [differs] = await strayed(subject);
  return {case: id, ...(differs === undefined ? {tally: await mutate(subject, table, choice)} : {strayed: differs})};
});
