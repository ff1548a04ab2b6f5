import test from 'ava';
import type {Onlining} from '../../results/udev.ts';
import {parseRules} from '../../udev/rules/parse.ts';
import {msToLastBlock, whoOnlined} from './attribution.ts';
import {
  fateByPolicy,
  fateOf,
  fatesByRules,
  inForce,
  lintRules,
  memoryFiles,
  readEffect,
  type Reading,
} from './reading.ts';

const file = (path: string, text = ''): {path: string; bytes: Buffer} => ({path, bytes: Buffer.from(text)});

const reading = (...found: {path: string; bytes: Buffer}[]): Reading => ({
  found,
  files: inForce(found).map(({path, bytes}) => parseRules(path, bytes)),
  machine: {virt: 'kvm', arch: 'x86-64'},
  systemd: 252,
});

const ONLINE = 'SUBSYSTEM=="memory", ACTION=="add", \\\n  ATTR{state}=="offline", ATTR{state}="online"\n';

test('files in force: the first of a name, in the order of names', (t) => {
  const found = [
    file('/etc/udev/rules.d/60-b.rules'),
    file('/run/udev/rules.d/40-a.rules'),
    file('/usr/lib/udev/rules.d/60-b.rules'),
    file('/usr/lib/udev/rules.d/50-c.rules'),
  ];
  t.deepEqual(
    inForce(found).map(({path}) => path),
    ['/run/udev/rules.d/40-a.rules', '/usr/lib/udev/rules.d/50-c.rules', '/etc/udev/rules.d/60-b.rules'],
  );
});

test(
  'fates: by the rule, named by its last line as udevd does, by its first one since systemd 258, where ' +
    'the policy is offline; by the kernel otherwise',
  (t) => {
    const rules = reading(file('/etc/udev/rules.d/40-a.rules', `# x\n${ONLINE}`));
    t.deepEqual(fatesByRules(rules, 'offline', 'memory32'), ['udev (/etc/udev/rules.d/40-a.rules:3) → Normal']);
    t.deepEqual(fatesByRules({...rules, systemd: 262}, 'offline', 'memory32'), [
      'udev (/etc/udev/rules.d/40-a.rules:2) → Normal',
    ]);
    t.deepEqual(fatesByRules(rules, 'online_movable', 'memory32'), ['kernel → Movable']);
    t.deepEqual(
      memoryFiles(rules).map(({path, lines}) => [path, lines.map(({line}) => line)]),
      [['/etc/udev/rules.d/40-a.rules', [3]]],
    );
    t.true(lintRules(rules).some(({id}) => id === 'memory/ignores-policy'));
  },
);

test('fates: no rule for memory leaves it to the policy', (t) => {
  for (const policy of ['offline', 'online', 'online_kernel', 'online_movable'])
    t.deepEqual(fatesByRules(reading(), policy, 'memory32'), [fateByPolicy(policy)]);
  t.throws(() => readEffect(reading(), 'whatever'), {message: /auto_online_blocks of the guest is "whatever"/});
});

const block = (name: string, ...attempts: Partial<Onlining['attempts'][number]>[]): Onlining => ({
  block: name,
  zone: attempts.length > 0 ? 'Normal' : null,
  createdMs: 1.5,
  attempts: attempts.map((one) => ({
    by: 'udev',
    rule: '/r:1',
    task: '(udev-worker)',
    pid: 7,
    file: 'state',
    ms: 20,
    result: 'online',
    ...one,
  })),
});

test('who onlined, in words', (t) => {
  t.is(whoOnlined([block('memory32', {}), block('memory33', {})]), 'udev (/r:1)');
  t.is(whoOnlined([block('memory32', {}), block('memory33', {rule: '/r:2'})], true), 'udev');
  t.is(whoOnlined([block('memory32', {}), block('memory33')]), 'udev (/r:1): 1 of 2 blocks, nobody: 1 of 2 blocks');
  t.is(fateOf(block('memory32', {result: 'too late'}, {by: 'process', task: 'daxctl'})), 'process daxctl → Normal');
  t.is(fateOf(block('memory32')), 'nobody → offline');
});

test('the time to the last block', (t) => {
  t.is(msToLastBlock([block('memory32', {ms: 10}), block('memory33', {ms: 30.2})]), 32);
  t.is(msToLastBlock([block('memory32')]), null);
  t.is(msToLastBlock([block('memory32', {ms: null})]), null);
});
