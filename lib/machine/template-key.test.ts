import test from 'ava';
import type {Image} from '../image/image.ts';
import type {QemuBinary} from '../vmm/qemu/binary.ts';
import {profileByName} from './profile.ts';
import {templateKey} from './template.ts';

const image: Image = {
  name: 'toy',
  distro: 'debian',
  release: '13',
  arch: 'amd64',
  key: '0',
  boot: {how: 'direct', kernel: '/k', initrd: '/i', append: ''},
  login: {how: 'init'},
  prepare: [],
};
const key = (qemu: QemuBinary): string =>
  templateKey(
    {image, profile: profileByName('q35'), accel: 'tcg', qemu: qemu.version, qemuRoot: qemu.root, append: ''},
    {qemu, serve: '', warmUp: ''},
  );

test('what was frozen by one QEMU is not for another: of another version, place, or build at the same place', (t) => {
  const qemus: QemuBinary[] = [
    {path: '/q', version: '11.1.3'},
    {path: '/q', version: '11.1.4'},
    {path: '/other/q', version: '11.1.3'},
    {path: '/q', version: '11.1.3', build: '1 2'},
    {path: '/q', version: '11.1.3', build: '1 3'},
  ];
  t.is(new Set(qemus.map(key)).size, qemus.length);
  t.is(key({path: '/q', version: '11.1.3', models: ['pc-dimm']}), key({path: '/q', version: '11.1.3'}));
});
