// `npm run udev-effect`: whether rules do in real guests what the lint says they do: rule files of a corpus are loaded,
// a DIMM is plugged, and
// blocks that are there get `add` again. Goes on where it was interrupted. docs/udev-effect.md says how to read what it
// finds.
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import picomatch from 'picomatch';
import {messageOf, UsageError} from '../../lib/util/errors.ts';
import {writeWhole} from '../../lib/util/files.ts';
import {cacheDir, root} from '../../lib/util/paths.ts';
import {predict} from '../../lib/udev/predict/predict.ts';
import {corpus} from './corpus.ts';
import {placeOf, POLICIES, type Known, type Place} from './guest.ts';
import {differencesOf, pageOf, summaryOf} from './page.ts';
import {judgePair, type Outcome} from './pair.ts';
import {freshEvidence, keepPlace, keptEvidence, keptPlace} from './store.ts';

const GUESTS = ['debian-11', 'debian-12', 'debian-13', 'debian-sid'];
const PAGE = 'docs/results/udev-effect.md';
const HELP = `npm run udev-effect -- [--guest NAME …] [--only GLOB …] [--seed N] [--count N] [--out DIR] [--kept] [--page]
--guest  guests to try the rules in; all of ${GUESTS.join(', ')} where none is named
--only   rules to try, e.g. 'field/*' or 'profile/rhel-*'; all where none is named
--seed   which rules are generated (12); --count  how many (16)
--out    where what guests told is kept (memhp-runs/udev-effect): a later run tries only what is new, and judges all anew
--kept   try nothing: judge what is kept, and leave out what is not
--page   write ${PAGE}; done by itself where nothing was left out
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function number(text: string, name: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name}: "${text}" is no number; give one, e.g. --${name} 12`);
  return Number(text);
}

function options() {
  const {values} = parseArgs({
    options: {
      guest: {type: 'string', multiple: true},
      only: {type: 'string', multiple: true},
      seed: {type: 'string', default: '12'},
      count: {type: 'string', default: '16'},
      out: {type: 'string', default: join(root, 'memhp-runs/udev-effect')},
      kept: {type: 'boolean', default: false},
      page: {type: 'boolean', default: false},
      help: {type: 'boolean', default: false},
    },
  });
  return {...values, seed: number(values.seed, 'seed'), count: number(values.count, 'count')};
}

/** Are rules of Debian's packages asked for? To find them takes the package lists of four suites from the mirror. */
const wantsShipped = (only: readonly string[] | undefined): boolean =>
  only === undefined || only.some((glob) => picomatch.isMatch('shipped', glob.split('/')[0] ?? ''));

async function main(): Promise<number> {
  const {guest, only, seed, count, out, kept, page, help} = options();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const cache = cacheDir();
  const all = await corpus({seed, count, cache: wantsShipped(only) ? join(cache, 'udev-verify') : undefined, say});
  const subjects = all.filter(({name}) => picomatch.isMatch(name, only ?? ['**']));
  if (subjects.length === 0)
    throw new UsageError(
      `--only: no rules are called "${(only ?? []).join('", "')}"; there are ${all.map(({name}) => name).join(', ')}`,
    );
  const places: (Known | Place)[] = [];
  for (const name of guest ?? GUESTS) places.push(kept ? await keptPlace(out, name) : await fresh(name, out, cache));
  const [outcomes, broken]: [Outcome[], string[]] = [[], []];
  const pairs = subjects.flatMap((subject) =>
    places.flatMap((place) => POLICIES.map((policy) => ({subject, place, policy}))),
  );
  for (const [i, {subject, place, policy}] of pairs.entries()) {
    const what = `${subject.name} on ${place.name}, policy ${policy}`;
    try {
      const before = await keptEvidence(out, {subject, place, policy});
      const seen = before ?? ('subject' in place ? await freshEvidence(out, {subject, place, policy}) : undefined);
      if (!seen) continue;
      const outcome = judgePair(place, subject, policy, seen, predict);
      outcomes.push(outcome);
      say(`${i + 1}/${pairs.length} ${what}: ${outcome.kind}${before ? ' (kept)' : ''}`);
      for (const line of differencesOf(outcome)) process.stdout.write(`${line}\n`);
    } catch (error) {
      broken.push(`${what}: ${messageOf(error)}`);
      say(`${i + 1}/${pairs.length} ${what}: no verdict: ${messageOf(error)}`);
    }
  }
  process.stdout.write(`${summaryOf(outcomes, broken)}\n`);
  if (page || (guest === undefined && only === undefined && !kept)) {
    // Where evidence is kept is this machine's business.
    const given = process.argv
      .slice(2)
      .filter((word, i, all) => word !== '--out' && all[i - 1] !== '--out')
      .join(' ');
    const text = pageOf({
      date: new Date().toISOString().slice(0, 10),
      command: `npm run udev-effect${given === '' ? '' : ` -- ${given}`}`,
      machine: places[0]?.machine ?? '',
      outcomes,
      broken,
      left: pairs.length - outcomes.length - broken.length,
    });
    await writeWhole(join(root, PAGE), text);
    say(`written: ${PAGE}`);
  }
  return outcomes.some(({kind}) => kind === 'differs') ? 1 : broken.length > 0 ? 3 : 0;
}

async function fresh(name: string, out: string, cache: string): Promise<Place> {
  const place = await placeOf(name, {cache, log: say});
  await keepPlace(out, place);
  return place;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`memhp: ${messageOf(error)}`);
  process.exitCode = 2;
}
