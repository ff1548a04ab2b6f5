import test from 'ava';
import type {Image} from '../image/image.ts';
import {UsageError} from '../util/errors.ts';
import {sandboxArgs} from '../vmm/qemu/confinement.ts';
import {cloneArgs} from './clone.ts';
import {amd64} from './board/amd64.ts';
import {escapeValue, kernelCommandLine, machineArgs, pasteArgs, type BootConfig} from './commandline.ts';
import {profileByName, profiles} from './profile.ts';

const DIR = '/cache/a,b=c,,d/-e';
const image = (login: Image['login']['how']): Image => ({
  name: 'toy',
  distro: 'debian',
  release: '12',
  arch: 'amd64',
  key: '0',
  boot: {how: 'direct', kernel: `${DIR}/vmlinuz`, initrd: `${DIR}/initrd.img`, append: 'root=/dev/vda'},
  ...(login === 'ssh' ? {disk: `${DIR}/disk.qcow2`} : {}),
  login: {how: login},
  prepare: [],
});
const keys = {authorizedKey: `${DIR}/client_key.pub`, hostKey: `${DIR}/host_key`};
const facts = {kernel: '6.1.0', os: '', config: null, commands: []};

/**
 * Every command line that memhp makes: each profile, accelerator and kind of guest, as template, as clone and to paste.
 */
const lines = profiles.flatMap((profile) =>
  (['kvm', 'tcg'] as const).flatMap((accel) =>
    (['ssh', 'init'] as const).flatMap((login) => {
      const config: BootConfig = {
        image: image(login),
        profile,
        accel,
        qemu: '7.2.22',
        append: '-netdev user,id=x -- a,b=c\n-monitor stdio',
      };
      const disk = {path: `${DIR}/disk.qcow2`, snapshot: false};
      const id = `${profile.name} ${accel} ${login}`;
      return [
        {
          title: `${id} template`,
          args: machineArgs(config, {
            ramDir: DIR,
            share: true,
            ssh: {forward: true},
            keys,
            ...(login === 'ssh' ? {disk} : {}),
          }),
        },
        ...(['virtio', 'serial', 'ssh'] as const).map((shell) => ({
          title: `${id} clone ${shell}`,
          args: cloneArgs({dir: DIR, config, facts: {...facts, shell}}),
        })),
        {title: `${id} to paste`, args: pasteArgs(config)},
      ];
    }),
  ),
);

/** Values of an option, in order. */
const values = (args: readonly string[], option: string): string[] =>
  args.flatMap((word, i) => (args[i - 1] === option ? [word] : []));

test('no guest has a way out: its network is restricted, and only its sshd is forwarded, to the loopback', (t) => {
  for (const {title, args} of lines) {
    const networks = values(args, '-netdev');
    t.true(networks.length <= 1, title);
    for (const network of networks)
      t.regex(network, /^user,id=net,restrict=on(?:,hostfwd=tcp:127\.0\.0\.1:0-:22)?$/, title);
    t.is(args.filter((word) => word === '-nic' || word === '-net').length, 0, title);
  }
});

test('a clone that is talked to over a port has no forward at all', (t) => {
  for (const {title, args} of lines.filter((one) => one.title.includes('clone virtio')))
    t.false(args.join(' ').includes('hostfwd'), title);
});

test("nothing of the host's is shared, no configuration is read, and no monitor but ours is there", (t) => {
  for (const {title, args} of lines) {
    for (const option of ['-nodefaults', '-no-user-config']) t.true(args.includes(option), `${title}: ${option}`);
    const options = args.filter((word, i) => word.startsWith('-') && args[i - 1] !== '-append');
    for (const option of [
      '-monitor',
      '-qmp',
      '-vnc',
      '-gdb',
      '-s',
      '-fsdev',
      '-virtfs',
      '-usbdevice',
      '-add-fd',
      '-readconfig',
      '-loadvm',
    ])
      t.false(options.includes(option), `${title}: ${option}`);
    for (const chardev of values(args, '-chardev'))
      t.regex(chardev, /^socket,id=\w+,fd=\d+$/, 'inherited descriptors alone: nobody else can connect');
  }
});

test('the sandbox denies all that it can, and a line to paste has it too; process.ts adds it to all others', (t) => {
  t.deepEqual(sandboxArgs, ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny']);
  for (const {title, args} of lines)
    t.is(values(args, '-sandbox').join(), title.endsWith('to paste') ? (sandboxArgs[1] ?? '') : '', title);
});

test("what a user chose is one word or one value: kernel parameters and paths can't become options", (t) => {
  for (const {title, args} of lines) {
    const [append = ''] = values(args, '-append');
    t.true(append.endsWith('-netdev user,id=x -- a,b=c\n-monitor stdio'), title);
    for (const value of [...values(args, '-object'), ...values(args, '-drive'), ...values(args, '-fw_cfg')]) {
      const plain = value.replaceAll(escapeValue(DIR), 'DIR');
      t.false(plain.includes('a,b=c'), `${title}: ${value}`);
      t.true(
        plain.split(',').every((part, i) => /^[\w-]+=/.test(part) || i === 0),
        `${title}: ${value}`,
      );
    }
  }
});

test('the panic is asked for before what a user adds', (t) => {
  t.is(
    kernelCommandLine({
      image: image('ssh'),
      append: 'quiet',
      accel: 'tcg',
      qemu: '7.2.22',
      profile: profileByName('q35'),
    }),
    'root=/dev/vda console=ttyS0 panic=-1 quiet',
  );
});

test('a guest that boots from its own disk is given no kernel, and parameters for one are refused', (t) => {
  const {boot: _, ...rest} = image('ssh');
  const config = {
    image: {...rest, boot: {how: 'disk'}},
    append: '',
    accel: 'tcg',
    qemu: '7.2.22',
    profile: profileByName('q35'),
  } as const;
  for (const args of [pasteArgs(config), machineArgs(config, {ramDir: DIR, share: true})])
    for (const option of ['-kernel', '-initrd', '-append']) t.false(args.includes(option), option);
  for (const refused of [kernelCommandLine, pasteArgs])
    t.throws(() => refused({...config, append: 'quiet'}), {
      instanceOf: UsageError,
      message: `can't boot with "quiet": toy boots from its own disk, so no kernel parameters can be added`,
    });
});

test('no guest has the cmpxchg16b that computes wrong flags, and every other guest has what the CPU has', (t) => {
  for (const [accel, qemu, has] of [
    ['tcg', '7.2.22', false],
    ['tcg', '8.0.0', true],
    ['tcg', '10.0.2', true],
    ['kvm', '7.2.22', true],
  ] as const) {
    t.is(!amd64.cpu(accel, qemu).includes('cx16=off'), has, `${accel} ${qemu}`);
  }
});

test('a guest that finds its keys behind its initrd is offered none by QEMU, and boots from the copy that has them', (t) => {
  const config: BootConfig = {
    image: {...image('ssh'), login: {how: 'ssh', keys: 'initrd'}},
    profile: profileByName('q35'),
    accel: 'tcg',
    qemu: '7.2.22',
    append: '',
  };
  const args = machineArgs(config, {ramDir: DIR, share: true, keys, initrd: `${DIR}/initrd-with-keys`});
  t.false(args.includes('-fw_cfg'));
  t.is(args[args.indexOf('-initrd') + 1], `${DIR}/initrd-with-keys`);
  const clone = cloneArgs({dir: DIR, config, facts: {...facts, shell: 'ssh'}});
  t.false(clone.includes('-fw_cfg'));
  t.true(
    lines.some(({args: other}) => other.includes('-fw_cfg')),
    'others are',
  );
});
