import test from 'ava';
import type {Case} from '../conformance/runner/case.ts';
import type {Need} from '../conformance/runner/needs.ts';
import {profileByName} from '../machine/profile.ts';
import type {Template} from '../machine/template.ts';
import {pointless} from './pointless.ts';

const qemu = {path: '/q', version: '7.2.22'};
const image = {
  name: 'toy',
  distro: 'debian',
  release: '13',
  arch: 'amd64',
  key: '0',
  boot: {how: 'direct', kernel: '/k', initrd: '/i', append: ''},
  login: {how: 'init'},
  prepare: [],
} as const;
const config = {image, profile: profileByName('q35-two-nodes'), accel: 'tcg', qemu: '7.2.22', append: ''} as const;
const facts = {
  kernel: '6.12.1',
  os: '',
  config: {CONFIG_NUMA: 'y'},
  nodes: '0',
  commands: ['bash'],
  shell: 'virtio',
} as const;
const elsewhere = {
  dir: '',
  key: '',
  config: {...config, profile: profileByName('q35')},
  qemu,
  facts,
} as unknown as Template;
const entry = (id: string, needs?: Need[]): Case => ({
  id,
  suite: 'toy',
  title: id,
  claims: ['toy/claim'],
  body: () => Promise.resolve(),
  ...(needs ? {needs} : {}),
});
const wanted = (...cases: Case[]): Parameters<typeof pointless>[0] => ({config, qemu, cases});

test('a boot config none of whose cases can run is not booted, and each case has its reason', (t) => {
  const cases = [entry('toy/a', ['command:perl']), entry('toy/b', ['numa', 'config:CONFIG_CMA'])];
  t.deepEqual(pointless(wanted(...cases), elsewhere), {
    absent: {'toy/a': 'the guest has no command perl', 'toy/b': "the guest's kernel is built without CONFIG_CMA"},
    kernel: '6.12.1',
  });
});

test('it is booted where one case can run, or where only its own machine tells', (t) => {
  t.is(pointless(wanted(entry('toy/a', ['command:perl']), entry('toy/b')), elsewhere), undefined);
  t.is(
    pointless(wanted(entry('toy/c', ['numa'])), elsewhere),
    undefined,
    'its nodes are not those of the other machine',
  );
});
