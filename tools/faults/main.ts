// `npm run faults`: things go wrong at random moments of real runs, and what memhp makes of it is judged
// (docs/faults.md).
import {parseArgs} from 'node:util';
import {ensureImage} from '../../lib/image/ensure.ts';
import {directBoot} from '../../lib/image/image.ts';
import {defaultGuest, loadManifest} from '../../lib/image/manifest.ts';
import {serve} from '../../lib/run/guest-script.ts';
import {cacheDir} from '../../lib/util/paths.ts';
import {UsageError} from '../../lib/util/errors.ts';
import {kinds} from './kinds.ts';
import {hostileGuests} from '../hostile/guests.ts';
import {judgeAll} from '../hostile/judge.ts';
import {rounds} from './rounds.ts';
import {tableOf} from './table.ts';

const USAGE = `usage: npm run faults -- [--rounds N] [--seed S] [--only KIND]… [--dir DIR] [--json]
       npm run faults -- --hostile [--only NAME]…
kinds: ${kinds.map(({name}) => name).join(' ')}
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const {values} = parseArgs({
    options: {
      rounds: {type: 'string', default: '29'},
      seed: {type: 'string', default: '1'},
      only: {type: 'string', multiple: true, default: []},
      dir: {type: 'string'},
      hostile: {type: 'boolean', default: false},
      json: {type: 'boolean', default: false},
      help: {type: 'boolean', default: false},
    },
  });
  const [count, seed] = [Number(values.rounds), Number(values.seed)];
  const unknown = values.only.find(
    (name) => !(values.hostile ? hostileGuests : kinds).some((one) => one.name === name),
  );
  if (values.help || unknown !== undefined || !Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
    process.stderr.write(unknown === undefined ? USAGE : `no kind of fault "${unknown}"\n${USAGE}`);
    return values.help ? 0 : 2;
  }
  if (values.hostile) return (await judgeAll(cacheDir(), values.only, say)) > 0 ? 1 : 0;
  const options = {cache: cacheDir(), serve, log: say};
  const {kernel} = directBoot(await ensureImage(await loadManifest(defaultGuest()), options));
  const ended = await rounds({
    kernel,
    count,
    seed,
    only: values.only,
    dir: values.dir,
    told: ({round, kind, moment, hit, exit, seconds, resumedSeconds, outcomes, problems}) => {
      say(
        `${round} ${kind} (${hit ? moment : 'missed'}): exit ${exit} after ${seconds.toFixed(1)} s, ${
          Object.entries(outcomes)
            .map(([name, n]) => `${n} ${name}`)
            .join(', ') || 'no record'
        }; resumed in ${resumedSeconds.toFixed(1)} s${problems.map((problem) => `\n  WRONG: ${problem}`).join('')}`,
      );
    },
  });
  process.stdout.write(values.json ? `${JSON.stringify(ended, undefined, 1)}\n` : tableOf(ended));
  return ended.some(({problems}) => problems.length > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof TypeError && 'code' in error)) throw error;
  process.stderr.write(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}
