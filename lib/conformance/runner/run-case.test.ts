import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {profileByName} from '../../machine/profile.ts';
import type {Template} from '../../machine/template.ts';
import type {Cell} from '../../results/record.ts';
import {runCase} from './run-case.ts';

const cell: Cell = {
  id: 'toy.q35.tcg',
  guest: 'toy',
  distro: 'toy',
  release: '1',
  arch: 'amd64',
  kernel: '6.1.0',
  machine: 'q35',
  accel: 'tcg',
  vmm: {name: 'qemu', version: '7.2.22'},
};
const template: Template = {
  dir: '/nowhere',
  key: '0',
  config: {
    image: {
      name: 'toy',
      distro: 'toy',
      release: '1',
      arch: 'amd64',
      key: '0',
      boot: {how: 'disk'},
      disk: '/d.qcow2',
      login: {how: 'ssh'},
      prepare: [],
    },
    profile: profileByName('q35'),
    accel: 'tcg',
    qemu: '7.2.22',
    append: '',
  },
  qemu: {path: '/q', version: '7.2.22'},
  facts: {kernel: '6.1.0', os: '', config: null, commands: [], shell: 'virtio'},
};

test('a case that boots with parameters of its own is skipped where the guest boots from its own disk', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  const {outcome, reason, append} = await runCase(
    {
      id: 'toy/own',
      suite: 'toy',
      title: 'toy',
      claims: ['toy/claim'],
      boot: {append: 'memhp_default_state=offline'},
      body: () => Promise.resolve(),
    },
    {dir, cell, template, known: []},
  );
  t.deepEqual(
    {outcome, reason, append},
    {
      outcome: 'skip',
      reason:
        'the case boots with "memhp_default_state=offline", and toy boots from its own disk, so no kernel ' +
        'parameters can be added',
      append: 'memhp_default_state=offline',
    },
  );
});

test('a case whose machine the architecture cannot have is skipped, not broken', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-run-case-'));
  t.teardown(() => rm(dir, {recursive: true}));
  const entry = {id: 'toy/cold', suite: 'toy', title: 'T', claims: ['toy/c'], body: () => Promise.resolve()};
  const reason = "q35-coldplug can't be made for s390x: this QEMU has no pc-dimm";
  const record = await runCase(entry, {dir, cell, template: {absent: reason}, known: []});
  t.deepEqual([record.outcome, record.reason], ['skip', reason]);
});
