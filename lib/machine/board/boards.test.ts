// A board that exists in this test alone: what else would have to change to boot its guests, clone them and talk to
// them?
import test from 'ava';
import type {Image} from '../../image/image.ts';
import {UsageError} from '../../util/errors.ts';
import {gib, kib} from '../../util/size.ts';
import {allocator} from '../../guest/allocator.ts';
import {kernelCommandLine, machineArgs, pasteArgs, type BootConfig} from '../commandline.ts';
import {profileByName} from '../profile.ts';
import {amd64} from './amd64.ts';
import {SYSCALLS, type Board} from './board.ts';
import {boardOf, hostBoard} from './boards.ts';

const fictitious: Board = {
  ...amd64,
  arch: 's390x',
  machineName: 's390x',
  nodeArch: 's390x',
  qemu: 'qemu-system-fictitious',
  machine: 'mainframe,cards=punched',
  firmware: () => ['-bios', 'punched.bin'],
  cpu: (accel) => (accel === 'kvm' ? 'host' : 'z17'),
  virtio: 'ccw',
  console: 'ttysclp0',
  deviceMemory: () => gib(8),
  page: kib(64),
};
const {serialShells: _, dimms: __, ...board} = fictitious;

const image: Image = {
  name: 'punched',
  distro: 'debian',
  release: 'sid',
  arch: 's390x',
  key: 'x',
  boot: {how: 'direct', kernel: '/vmlinuz', initrd: '/initrd.img', append: ''},
  login: {how: 'init'},
  prepare: [],
};
const config: BootConfig = {image, profile: profileByName('q35'), accel: 'tcg', qemu: '11.1.3', append: 'quiet'};

test('a new board is one file and its name in the table: QEMU is started as it says', (t) => {
  const among = [amd64, board];
  const args = machineArgs(config, {ramDir: '/ram', share: true, disk: {path: '/disk', snapshot: true}}, among);
  const after = (option: string): string => args[args.indexOf(option) + 1] ?? '';
  t.is(after('-machine'), 'mainframe,cards=punched,memory-backend=ram');
  t.is(after('-cpu'), 'z17');
  t.is(after('-bios'), 'punched.bin');
  t.deepEqual(
    args.filter((arg) => arg.startsWith('virtio-')),
    ['virtio-blk-ccw,drive=disk', 'virtio-serial-ccw'],
  );
  t.false(args.some((arg) => /ttyS0|isa-serial|pci|q35/.test(arg)));
  t.regex(kernelCommandLine(config, among), /^console=ttysclp0 panic=-1 quiet$/);
  t.true(pasteArgs(config, among).includes('mainframe,cards=punched,memory-backend=ram'));
});

test('its system calls are those that the programs in the guest make', (t) => {
  const syscalls = Object.fromEntries(SYSCALLS.map((name, i) => [name, 7000 + i])) as Board['syscalls'];
  t.regex(allocator({...board, syscalls}), /= \(7000, 7001, 7002, .*\); # s390x/);
});

test('a guest without a board is told so, and where to read how to add one', (t) => {
  t.is(boardOf('s390x', [board]), board);
  t.throws(() => boardOf('s390x', [amd64]), {
    instanceOf: UsageError,
    message:
      'memhp has no board for guests of s390x: it can run amd64; ' +
      'docs/adding-an-architecture.md says what a new one takes',
  });
});

test("the host's board is the one that Node names", (t) => {
  t.is(hostBoard('x64'), amd64);
  t.is(hostBoard('s390x', [amd64, board]), board);
  t.is(hostBoard('mips'), undefined);
});
