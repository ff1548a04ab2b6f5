import test from 'ava';
import {parseRules} from '../rules/parse.ts';
import {predict} from './predict.ts';

const files = [
  parseRules(
    'a.rules',
    Buffer.from('SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online_movable"'),
  ),
];

test('a rule that onlines is first where the policy is offline, and too late where it is not', (t) => {
  const guest = {virt: 'kvm', arch: 'x86-64'};
  t.like(predict(files, {...guest, policy: 'offline'}, {kind: 'plug', block: 40}).outcomes[0], {
    state: 'online',
    zone: 'Movable',
    by: 'rule',
    rule: 'a.rules:1',
  });
  t.like(predict(files, {...guest, policy: 'online'}, {kind: 'plug', block: 40}).outcomes[0], {
    state: 'online',
    zone: 'default',
    by: 'kernel',
  });
});
