import test from 'ava';
import type {Case} from '../conformance/runner/case.ts';
import type {Boot, Image} from '../image/image.ts';
import {UsageError} from '../util/errors.ts';
import {wantedConfigs, type Hosted} from './prepare.ts';

const image = (name: string, boot: Boot): Image => ({
  name,
  distro: 'debian',
  release: '12',
  arch: 'amd64',
  key: '0',
  boot,
  disk: '/d.qcow2',
  login: {how: 'ssh'},
  prepare: [],
});
const direct = image('direct', {how: 'direct', kernel: '/k', initrd: '/i', append: ''});
const disk = image('disk', {how: 'disk'});
const hosted = (one: Image, accel: 'kvm' | 'tcg', version: string): Hosted => ({
  image: one,
  qemu: {path: `/qemu-${version}`, version},
  decision: {accel, reason: ''},
  severalQemus: false,
});
const entry = (id: string, append?: string): Case => ({
  id,
  suite: 'toy',
  title: id,
  claims: ['toy/claim'],
  body: () => Promise.resolve(),
  ...(append === undefined ? {} : {boot: {append}}),
});
const cases = [entry('toy/plain'), entry('toy/own', 'memhp_default_state=offline')];
const wanted = (images: Image[], append = ''): [string, string, string[]][] =>
  wantedConfigs(
    images.map((one) => hosted(one, 'tcg', '7.2.22')),
    cases,
    append,
  ).map(({config, cases: entries}) => [config.image.name, config.append, entries.map(({id}) => id)]);

test("a case's own parameters are a boot config of their own, before what is for init", (t) => {
  t.deepEqual(wanted([direct], 'quiet -- a=b'), [
    ['direct', 'quiet -- a=b', ['toy/plain']],
    ['direct', 'quiet memhp_default_state=offline -- a=b', ['toy/own']],
  ]);
});

test('what is not the default boot config comes up with udevd alone, unless a case needs services', (t) => {
  const services = {...entry('toy/services', 'cma=64M'), needs: ['command:systemctl'] as const};
  const own = {...entry('toy/profile'), machine: 'q35-coldplug'};
  const alone = (one: Image): [string, boolean | undefined][] =>
    wantedConfigs([hosted(one, 'tcg', '7.2.22')], [...cases, entry('toy/cma', 'cma=64M'), services, own], '').map(
      ({config, cases: entries}) => [entries.map(({id}) => id).join(' '), config.udevdAlone],
    );
  t.deepEqual(alone(direct), [
    ['toy/plain', false],
    ['toy/own', true],
    ['toy/cma', true],
    ['toy/services', false],
    ['toy/profile', true],
  ]);
  const whole = [
    ['toy/plain', false],
    ['toy/own', false],
    ['toy/cma toy/services', false],
    ['toy/profile', false],
  ];
  t.deepEqual(alone({...direct, login: {how: 'init'}}), whole, 'it has no distribution');
  t.deepEqual(alone({...direct, prepare: ['systemctl stop x']}), whole, 'it is prepared by commands');
});

test('a guest that boots from its own disk has one boot config a machine: no case adds parameters', (t) => {
  t.deepEqual(wanted([disk]), [['disk', '', ['toy/plain', 'toy/own']]]);
});

test("parameters of the user's are refused for a guest that boots from its own disk", (t) => {
  t.throws(() => wanted([direct, disk], 'quiet'), {
    instanceOf: UsageError,
    message:
      '--append "quiet": disk boots from its own disk, so no kernel parameters can be added; leave it out, ' +
      'or take another guest',
  });
});

test('each guest has its own QEMU and accelerator', (t) => {
  const two = [hosted(direct, 'kvm', '7.2.22'), hosted({...direct, name: 'other', arch: 'arm64'}, 'tcg', '11.1.3')];
  t.deepEqual(
    wantedConfigs(two, [entry('toy/plain')], '').map(({config, qemu}) => [
      config.image.name,
      config.accel,
      config.qemu,
      qemu.path,
    ]),
    [
      ['direct', 'kvm', '7.2.22', '/qemu-7.2.22'],
      ['other', 'tcg', '11.1.3', '/qemu-11.1.3'],
    ],
  );
});

test('a guest in several QEMUs has the boot configs of each, told apart by the version', (t) => {
  const two = ['10.0.13', '11.1.3'].map((version) => ({...hosted(direct, 'tcg', version), severalQemus: true}));
  t.deepEqual(
    wantedConfigs(two, [entry('toy/plain')], '').map(({key, config}) => [key.trim(), config.qemu]),
    [
      ['direct qemu-10.0.13 q35', '10.0.13'],
      ['direct qemu-11.1.3 q35', '11.1.3'],
    ],
  );
});
