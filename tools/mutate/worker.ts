// A process of tools/mutate/pool.ts: does one job at a time, and ends with its parent.
import {openersOf, strayed} from '../detect/cases.ts';
import {messageOf} from '../../lib/util/errors.ts';
import {mutate} from './mutate.ts';
import type {Done, Job} from './pool.ts';
import {readMutantTable} from './table.ts';

const table = await readMutantTable();
const runs = new Map<string, ReturnType<typeof openersOf>>();

async function work({dir, case: id, ...choice}: Job): Promise<Done> {
  const openers = runs.get(dir) ?? openersOf(dir);
  runs.set(dir, openers);
  const opener = (await openers).find(({record}) => record.case === id);
  if (!opener) throw new Error(`${dir} has no verdict of ${id}`);
  const subject = await opener.read();
  const [differs] = await strayed(subject);
  return {case: id, ...(differs === undefined ? {tally: await mutate(subject, table, choice)} : {strayed: differs})};
}

process.on('message', (job: Job) => {
  work(job).then(
    (done) => process.send?.(done),
    (error: unknown) => process.send?.({failed: messageOf(error)}),
  );
});
process.on('disconnect', () => process.exit());
