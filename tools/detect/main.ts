// `npm run detect -- RUNDIR…`: from the records of runs, which fault turns which check of each case fail
// (docs/fault-detection.md).
import {parseArgs} from 'node:util';
import {loadSuites} from '../../lib/run/suites.ts';
import {messageOf} from '../../lib/util/errors.ts';
import {faults} from '../replay/faults/mutants.ts';
import {readTable, TABLE, writeTable, type Row} from './table.ts';
import {openersOf} from './cases.ts';
import {checkCases} from './check.ts';

const USAGE = 'usage: npm run detect -- [--check] [--only CASE] RUNDIR… | --faults\n';
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Options {
  /** Write nothing. */
  readonly check: boolean;
  /** Look at one case. */
  readonly only: string | undefined;
}

/** Looks at each case of the runs, in the first run that has it as it is now. Returns the number of problems. */
async function detected(dirs: readonly string[], {check, only}: Options): Promise<number> {
  const table = new Map(await readTable());
  const problems = new Map<string, readonly string[]>();
  const done = new Set<string>();
  for (const dir of dirs) {
    const ids = (await openersOf(dir)).map(({record}) => record.case);
    const left = ids.filter((id) => !done.has(id) && (only === undefined || only === id));
    for await (const {case: id, strayed, row, wrong} of checkCases(dir, left, table, !check)) {
      problems.set(
        id,
        strayed.map((one) => `the replay differs from the record: ${one}`),
      );
      if (strayed.length > 0) continue; // of an older case, or an older memhp: another run may have it as it is
      done.add(id);
      problems.set(id, wrong);
      if (row) table.set(id, row);
      if (!check) await writeTable(table); // what was found is kept when this is interrupted
      process.stderr.write(`${done.size} ${id}\n`);
    }
  }
  if (!check) await writeTable(await withoutGone(table));
  const found = [...problems].flatMap(([id, ones]) =>
    ones.map((one) => `${id}: ${one.replaceAll(/\s+/g, ' ').slice(0, 400)}`),
  );
  for (const one of found) say(one);
  const rows = [...table].filter(([id]) => done.has(id)).map(([, row]) => row);
  const count = (of: (row: Row) => readonly unknown[]): number => rows.reduce((sum, row) => sum + of(row).length, 0);
  say(
    `${done.size} cases, ${count(({detected: seen}) => seen)} checks seen to fail, ` +
      `${count(({undetected}) => undetected)} not; ${found.length} problems${check ? '' : `; ${TABLE} is written`}`,
  );
  return found.length;
}

async function withoutGone(table: ReadonlyMap<string, Row>): Promise<ReadonlyMap<string, Row>> {
  const declared = new Set((await loadSuites()).map(({id}) => id));
  return new Map([...table].filter(([id]) => declared.has(id)));
}

try {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {
      check: {type: 'boolean', default: false},
      only: {type: 'string'},
      faults: {type: 'boolean', default: false},
    },
  });
  if (values.faults) {
    for (const {id, says} of faults) say(`${id.padEnd(20)} ${says}`);
  } else if (positionals.length === 0) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
  } else process.exitCode = (await detected(positionals, {check: values.check, only: values.only})) > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`memhp: ${messageOf(error)}\n`);
  process.exitCode = 2;
}
