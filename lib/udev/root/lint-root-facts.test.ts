import test from 'ava';
import {profiles} from '../rules/profiles.ts';
import {leaving, linted, MOVABLE, onlining, TMPFILES, type Texts} from './fixtures.ts';

const RHEL = profiles.find(({name}) => name === 'rhel-8')?.rules ?? '';

test('a newer kernel decides, another one is told of where it differs, and one can be asked for', (t) => {
  const both = linted(onlining);
  t.is(both.kernel.release, '6.12.48-amd64');
  t.deepEqual(
    both.findings.map(({id}) => id),
    ['root/other-kernel'],
  );
  t.is(linted(onlining, {kernel: '6.1.0-44-amd64'}).answer.plugged.fates[0]?.by, 'nobody');
  t.throws(() => linted(onlining, {kernel: '5.0'}), {
    message: 'no kernel 5.0 in this root; there are 6.12.48-amd64, 6.1.0-44-amd64',
  });
});

test('other machines are told of where rules tell them apart', (t) => {
  const {findings} = linted({...leaving, 'usr/lib/udev/rules.d/40-redhat.rules': RHEL}, {virt: undefined});
  t.deepEqual(
    findings.map(({id, file, message}) => [id, file, message.slice(0, 60)]),
    [
      [
        'root/other-machine',
        'usr/lib/udev/rules.d/40-redhat.rules',
        'on bare metal: Plugged memory is used: udev onlines it (usr/',
      ],
    ],
  );
});

test('lines in vain are found', (t) => {
  const {findings} = linted({
    ...onlining,
    'boot/config-6.1.0-44-amd64': onlining['boot/config-6.12.48-amd64'] ?? '',
    'etc/modprobe.d/mem.conf':
      'options memory-hotplug online_policy=auto-movable\nblacklist acpi_memhotplug\noptions snd a=1\n',
    'etc/sysctl.d/99-mem.conf': 'vm.swappiness=1\nmemory_hotplug.online_policy = auto-movable\n',
    'etc/tmpfiles.d/a.conf':
      `${TMPFILES}online\n${TMPFILES}offline\nf /sys/devices/system/memory/auto_online_blocks - - - - ` + `offline\n`,
    'etc/tmpfiles.d/b.conf': 'w /sys/module/memory_hotplug/parameters/online_policy - - - - movable\n',
  });
  t.deepEqual(
    findings.map(({id, file, line}) => `${id} ${file}:${line}`),
    [
      'root/no-effect etc/modprobe.d/mem.conf:1',
      'root/no-effect etc/modprobe.d/mem.conf:2',
      'root/no-effect etc/sysctl.d/99-mem.conf:2',
      'root/no-effect etc/tmpfiles.d/a.conf:2',
      'root/no-effect etc/tmpfiles.d/a.conf:3',
      'root/refused etc/tmpfiles.d/b.conf:1',
    ],
  );
});

test('without systemd-tmpfiles or udevd nobody reads their files', (t) => {
  const {'usr/bin/systemd-tmpfiles': _, 'usr/bin/udevadm': __, ...bare} = leaving;
  const {findings, answer} = linted({
    ...bare,
    'etc/tmpfiles.d/m.conf': `${TMPFILES}online\n`,
    'etc/udev/rules.d/80-mem.rules': MOVABLE,
  });
  t.is(answer.plugged.fates[0]?.by, 'nobody');
  t.deepEqual(
    findings.map(({id, file}) => `${id} ${file}`),
    ['root/no-effect etc/tmpfiles.d/m.conf', 'root/no-effect etc/udev/rules.d/80-mem.rules', 'root/stays-unused '],
  );
});

test("before 5.7 the kernel knows two words, but RHEL 8's knows four", (t) => {
  const old = (release: string): Texts => ({
    [`boot/config-${release}`]: 'CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MEMORY_HOTREMOVE=y\n',
    'etc/tmpfiles.d/m.conf': `${TMPFILES}online_movable\n`,
  });
  t.deepEqual(
    linted(old('5.4.0-1-amd64')).findings.map(({id}) => id),
    ['root/refused', 'root/stays-unused'],
  );
  t.is(linted(old('4.18.0-513.el8.x86_64')).answer.plugged.fates[0]?.zone, 'Movable');
});

test('of the running system, what it reads now decides, and is told where no file sets it', (t) => {
  const running: Texts = {
    ...leaving,
    'proc/sys/kernel/osrelease': '6.1.0-44-amd64\n',
    'proc/cmdline': 'quiet memhp_default_state=online_kernel\n',
    'sys/devices/system/memory/auto_online_blocks': 'online_movable\n',
  };
  const {answer, findings} = linted(running, {running: true});
  t.is(answer.plugged.fates[0]?.zone, 'Movable');
  t.deepEqual(
    findings.map(({id}) => id),
    ['root/overridden', 'root/set-since-boot'],
  );
  t.is(linted(running).answer.plugged.fates[0]?.by, 'nobody'); // of a root that does not run, /proc says nothing
});
