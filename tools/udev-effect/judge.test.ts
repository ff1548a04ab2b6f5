import test from 'ava';
import {parseRules} from '../../lib/udev/rules/parse.ts';
import {predict} from '../../lib/udev/predict/predict.ts';
import type {Outcome, Prediction} from '../../lib/udev/predict/types.ts';
import {judge, type Verdict} from './judge.ts';
import type {Seen} from './seen.ts';

const RULE = '/etc/udev/rules.d/60-x.rules:1';
const files = [
  parseRules(
    '/etc/udev/rules.d/60-x.rules',
    Buffer.from('SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online_movable"\n'),
  ),
];
const where = {virt: 'qemu', arch: 'x86-64', systemd: 257, kernel: '6.12.0'};

const seen: Seen = {
  event: 'plug',
  block: 46,
  before: undefined,
  policyBefore: 'offline',
  state: 'online',
  zone: 'Movable',
  byDefault: 'Normal',
  by: 'rule',
  rule: RULE,
  refused: [],
  policy: 'offline',
  onlinePolicy: 'contig-zones',
};

const truth: Outcome = {state: 'online', zone: 'Movable', by: 'rule', rule: RULE, refused: [], policy: 'offline'};

/** What the judge says where this was predicted. */
const against = (prediction: Prediction, of: Seen = seen): Verdict => judge(files, where, of, () => prediction);
const lie = (wrong: Partial<Outcome>): Prediction => ({outcomes: [{...truth, ...wrong}], dependsOn: []});

test('what the project itself predicts of that rule agrees', (t) => {
  t.deepEqual(judge(files, where, seen, predict), {
    seen,
    prediction: {outcomes: [truth], dependsOn: []},
    kind: 'agrees',
    differences: [],
  });
});

const isSeen = test.macro({
  exec: (t, wrong: Partial<Outcome>, difference: string) => {
    const {kind, differences} = against(lie(wrong));
    t.is(kind, 'differs');
    t.deepEqual(differences, [difference]);
  },
  title: (what = '') => `a prediction that lies about ${what} is a difference`,
});

test('the state', isSeen, {state: 'offline'}, 'state: predicted offline, seen online');
test('the zone', isSeen, {zone: 'kernel'}, 'zone: predicted Normal, seen Movable');
test('the zone by default', isSeen, {zone: 'default'}, 'zone: predicted Normal, seen Movable');
test('whether it was onlined at all', isSeen, {zone: 'unchanged'}, 'zone: predicted none, seen Movable');
test('the actor', isSeen, {by: 'kernel'}, 'who: predicted kernel, seen rule');
test('a program for a rule', isSeen, {by: 'program'}, 'who: predicted program, seen rule');
test(
  'the rule',
  isSeen,
  {rule: '/etc/udev/rules.d/60-x.rules:2'},
  `rule: predicted /etc/udev/rules.d/60-x.rules:2, seen ${RULE}`,
);
test('the policy', isSeen, {policy: 'online'}, 'auto_online_blocks: predicted online, seen offline');
test(
  'the online policy',
  isSeen,
  {onlinePolicy: 'auto-movable'},
  'online_policy: predicted auto-movable, seen contig-zones',
);

const refused = {rule: RULE, file: 'state', word: 'online', errno: 'EINVAL', certain: true} as const;

test('a refused write that was not, and one that nobody foresaw', (t) => {
  t.deepEqual(against(lie({refused: [refused]})).differences, [
    `refused writes: predicted EINVAL for "online" into state by ${RULE}, seen none`,
  ]);
  const {certain: _, ...one} = refused;
  t.deepEqual(against(lie({}), {...seen, refused: [one]}).differences, [
    `refused writes: predicted none, seen EINVAL for "online" into state by ${RULE}`,
  ]);
  t.deepEqual(against(lie({refused: [refused]}), {...seen, refused: [{...one, errno: 'EBUSY'}]}).kind, 'differs');
  t.deepEqual(against(lie({refused: [refused]}), {...seen, refused: [{...one, word: 'offline'}]}).kind, 'differs');
  t.deepEqual(
    against(lie({refused: [refused, {...refused, file: 'online'}]}), {
      ...seen,
      refused: [{...one, file: 'online'}, one],
    }).kind,
    'differs',
    'the order counts',
  );
  t.is(against(lie({refused: [refused]}), {...seen, refused: [one]}).kind, 'agrees');
  t.is(against(lie({refused: [{...refused, certain: false}]})).kind, 'agrees');
});

test('one of several outcomes is enough where it is said what it depends on, and only then', (t) => {
  const outcomes = [{...truth, zone: 'kernel' as const}, truth];
  t.is(against({outcomes, dependsOn: [`PROGRAM /usr/local/bin/x (${RULE})`]}).kind, 'depends');
  t.deepEqual(against({outcomes, dependsOn: []}).differences, [
    '2 outcomes are predicted, and it is not said what it depends on',
  ]);
  t.deepEqual(
    against({
      outcomes: [
        {...truth, state: 'offline'},
        {...truth, by: 'program'},
      ],
      dependsOn: ['x'],
    }).kind,
    'differs',
  );
  t.is(against({outcomes: [], dependsOn: []}).kind, 'differs');
});
