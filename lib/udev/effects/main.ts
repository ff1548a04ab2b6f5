// `npm run udev-effect`: whether rules do in real guests what the lint says they do: rule files of a corpus are loaded, a DIMM is plugged, and
// blocks that are there get `add` again. Goes on where it was interrupted. docs/udev-effect.md says how to read what it finds.
import {mkdir} from 'node:fs/promises';
import {cpus} from 'node:os';
import {join, relative} from 'node:path';
import {parseArgs} from 'node:util';
import picomatch from 'picomatch';
import {messageOf, UsageError} from '../../util/errors.ts';
import {writeWhole} from '../../util/files.ts';
import {cacheDir, root} from '../../util/paths.ts';
import {predict} from '../predict/predict.ts';
import {corpus} from './corpus.ts';
import {placeOf, POLICIES, type Place} from './guest.ts';
import {differencesOf, pageOf, summaryOf} from './page.ts';
import {judgePair, type Outcome} from './pair.ts';
import {evidenceOf} from './store.ts';

const GUESTS = ['debian-11', 'debian-12', 'debian-13', 'debian-sid'];
const PAGE = 'docs/results/udev-effect.md';
const HELP = `npm run udev-effect -- [--guest NAME …] [--only GLOB …] [--seed N] [--count N] [--out DIR] [--page]
--guest  guests to try the rules in; all of ${GUESTS.join(', ')} where none is named
--only   rules to try, e.g. 'field/*' or 'profile/rhel-*'; all where none is named
--seed   which rules are generated (12); --count  how many (16)
--out    where what guests told is kept (memhp-runs/udev-effect): a later run tries only what is new, and judges all anew
--page   write ${PAGE}; done by itself where nothing was left out
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function number(text: string, name: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name}: "${text}" is no number; give one, e.g. --${name} 12`);
  return Number(text);
}

function options() {
  const {values} = parseArgs({options: {
    guest: {type: 'string', multiple: true}, only: {type: 'string', multiple: true}, seed: {type: 'string', default: '12'}, count: {type: 'string', default: '16'},
    out: {type: 'string', default: join(root, 'memhp-runs/udev-effect')}, page: {type: 'boolean', default: false}, help: {type: 'boolean', default: false},
  }});
  return {...values, seed: number(values.seed, 'seed'), count: number(values.count, 'count')};
}

async function main(): Promise<number> {
  const {guest = GUESTS, only = ['**'], seed, count, out, page, help} = options();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const cache = cacheDir();
  const all = await corpus({seed, count, cache: join(cache, 'udev-verify'), say});
  const subjects = all.filter(({name}) => picomatch.isMatch(name, only));
  if (subjects.length === 0) throw new UsageError(`--only: no rules are called "${only.join('", "')}"; there are ${all.map(({name}) => name).join(', ')}`);
  await mkdir(out, {recursive: true});
  const places: Place[] = [];
  for (const name of guest) places.push(await placeOf(name, {cache, log: say}));
  const [outcomes, broken]: [Outcome[], string[]] = [[], []];
  const total = subjects.length * places.length * POLICIES.length;
  for (const subject of subjects) {
    for (const place of places) {
      for (const policy of POLICIES) {
        const at = `${outcomes.length + broken.length + 1}/${total} ${subject.name} on ${place.name}, policy ${policy}`;
        try {
          const {seen, fresh} = await evidenceOf(out, {subject, place, policy});
          const outcome = judgePair(place, subject, policy, seen, predict);
          outcomes.push(outcome);
          if (fresh || outcome.kind === 'differs') say(`${at}: ${outcome.kind}`);
          for (const line of differencesOf(outcome)) process.stdout.write(`${line}\n`);
        } catch (error) {
          broken.push(`${subject.name} on ${place.name}, policy ${policy}: ${messageOf(error)}`);
          say(`${at}: no verdict: ${messageOf(error)}`);
        }
      }
    }
  }
  process.stdout.write(`${summaryOf(outcomes, broken)}\n`);
  if (page || (guest === GUESTS && only[0] === '**')) {
    const {options: {qemu}, config} = places[0]?.subject ?? (() => { throw new UsageError('no guest'); })();
    const machine = `${cpus().length} cores, ${config.accel.toUpperCase()}, QEMU ${qemu.version}`;
    await writeWhole(join(root, PAGE), pageOf({date: new Date().toISOString().slice(0, 10), command: ['npm run udev-effect', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '), machine, outcomes, broken}));
    say(`written: ${relative(process.cwd(), join(root, PAGE))}`);
  }
  return outcomes.some(({kind}) => kind === 'differs') ? 1 : broken.length > 0 ? 3 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`memhp: ${messageOf(error)}`);
  process.exitCode = 2;
}
