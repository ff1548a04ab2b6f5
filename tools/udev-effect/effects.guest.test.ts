// A sample of `npm run udev-effect` on the default guest: what rules do there is what the lint predicts, and a lie is
// seen.
import test from 'ava';
import {defaultGuest} from '../../lib/image/manifest.ts';
import {cacheDir} from '../../lib/util/paths.ts';
import {predict} from '../../lib/udev/predict/predict.ts';
import {corpus} from './corpus.ts';
import {placeOf, POLICIES, type Place} from './guest.ts';
import type {Predict} from './judge.ts';
import {differencesOf} from './page.ts';
import {judgePair} from './pair.ts';
import {tryRules, type Evidence} from './trial.ts';

/**
 * Rules of each kind: by an attribute, by a program, through the file `online`, with the kernel's policy in mind, for
 * each event, and generated ones.
 */
const SAMPLE = [
  'profile/rhel-8',
  'profile/rhel-7.6-ga',
  'field/program-without-path',
  'field/online-file-words',
  'field/shell-printf',
  'generated/12-1',
];

const subjects = (await corpus({seed: 12, count: 2, cache: undefined, say: console.error})).filter(({name}) =>
  SAMPLE.includes(name),
);
const told = new Map<string, Evidence>();
let place: Place | undefined;

const there = (): Place => {
  if (!place) throw new Error('the guest has not come up');
  return place;
};

test.serial('the guest comes up', async (t) => {
  t.timeout(15 * 60_000); // on an empty cache it is built and booted first
  place = await placeOf(defaultGuest(), {cache: cacheDir(), log: console.error});
  t.deepEqual(subjects.map(({name}) => name).sort(), [...SAMPLE].sort());
});

for (const subject of subjects) {
  for (const policy of POLICIES) {
    test.serial(`${subject.name}, policy ${policy}: all is as predicted`, async (t) => {
      const evidence = await tryRules(there(), subject.files, policy);
      told.set(`${subject.name} ${policy}`, evidence);
      const outcome = judgePair(there(), subject, policy, evidence, predict);
      t.deepEqual(differencesOf(outcome), []);
      t.is(outcome.verdicts.length, 5);
    });
  }
}

const lies: Readonly<Record<string, (truth: Predict) => Predict>> = {
  state:
    (truth) =>
    (...asked) =>
      changed(truth(...asked), ({state}) => ({state: state === 'online' ? 'offline' : 'online'})),
  zone:
    (truth) =>
    (...asked) =>
      changed(truth(...asked), ({zone}) => ({zone: zone === 'Movable' ? 'kernel' : 'Movable'})),
  who:
    (truth) =>
    (...asked) =>
      changed(truth(...asked), ({by}) => ({by: by === 'rule' ? 'kernel' : 'rule'})),
  rule:
    (truth) =>
    (...asked) =>
      changed(truth(...asked), () => ({rule: '/etc/udev/rules.d/99-other.rules:1'})),
};

type Told = ReturnType<Predict>;

function changed(
  prediction: Told,
  how: (outcome: Told['outcomes'][number]) => Partial<Told['outcomes'][number]>,
): Told {
  return {...prediction, outcomes: prediction.outcomes.map((outcome) => ({...outcome, ...how(outcome)}))};
}

for (const [what, lie] of Object.entries(lies)) {
  test.serial(`a prediction that lies about the ${what} is a difference in each event of the same guest`, (t) => {
    const subject = subjects.find(({name}) => name === 'profile/rhel-8');
    const evidence = told.get('profile/rhel-8 offline');
    if (!subject || !evidence) throw new Error('the rules have not been tried');
    const {kind, verdicts} = judgePair(there(), subject, 'offline', evidence, lie(predict));
    t.is(kind, 'differs');
    t.deepEqual(
      verdicts.map((one) => one.kind),
      verdicts.map(() => 'differs'),
    );
  });
}
