import test from 'ava';
import type {Image} from '../image/image.ts';
import {cloneArgs} from './clone.ts';
import type {BootConfig} from './commandline.ts';
import {profileByName} from './profile.ts';
import {successorArgs} from './successor.ts';

const image: Image = {
  name: 'toy',
  distro: 'debian',
  release: '12',
  arch: 'amd64',
  key: '0',
  boot: {how: 'direct', kernel: '/k', initrd: '/i', append: ''},
  disk: '/d.qcow2',
  login: {how: 'ssh'},
  prepare: [],
};
const config: BootConfig = {image, profile: profileByName('q35'), accel: 'tcg', qemu: '7.2.22', append: ''};
const template = {
  dir: '/t',
  config,
  facts: {kernel: '6.1.0', os: '', config: null, commands: [], shell: 'virtio' as const},
};
const DIMM = ['-object', 'memory-backend-ram,id=m,size=1', '-device', 'pc-dimm,id=d,memdev=m'];
const drive = (args: readonly string[]): string => args[args.indexOf('-drive') + 1] ?? '';

test(
  'another QEMU has the machine of a clone, device for device, then what was plugged, and waits for ' + 'the guest',
  (t) => {
    const clone = cloneArgs(template);
    t.deepEqual(clone.slice(-2), ['-incoming', 'defer']);
    t.deepEqual(successorArgs(template, {starts: 'incoming', devices: DIMM}), [
      ...clone.slice(0, -2),
      ...DIMM,
      '-incoming',
      'defer',
    ]);
    t.deepEqual(successorArgs(template, {starts: 'stopped', devices: DIMM}), [...clone.slice(0, -2), ...DIMM, '-S']);
  },
);

test('a disk that outlasts QEMU is written to; that of other clones is thrown away with them', (t) => {
  t.is(drive(cloneArgs(template)), 'file=/t/disk.qcow2,if=none,id=disk,format=qcow2,snapshot=on');
  t.is(drive(cloneArgs(template, '/own,disk')), 'file=/own,,disk,if=none,id=disk,format=qcow2,snapshot=off');
  t.is(
    drive(successorArgs(template, {starts: 'incoming', devices: []}, '/own')),
    'file=/own,if=none,id=disk,format=qcow2,snapshot=off',
  );
});
