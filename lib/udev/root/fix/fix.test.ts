import test from 'ava';
import {profiles} from '../../rules/profiles.ts';
import {leaving, linted, MOVABLE, onlining, question, TMPFILES, type Texts} from '../fixtures.ts';
import type {RootQuestion} from '../lint-root.ts';
import {fixRoot, withFiles, type Fix} from './fix.ts';
import {lintRoot} from '../lint-root.ts';
import {answers, wants, type Want} from './wanted.ts';

const rules = (name: string): string => profiles.find((one) => one.name === name)?.rules ?? '';
const rhel: Texts = {
  ...leaving,
  'etc/os-release': 'ID=rhel\n',
  'usr/lib/udev/rules.d/40-redhat.rules': rules('rhel-8'),
};
const suse: Texts = {...leaving, 'usr/lib/udev/rules.d/80-hotplug-cpu-mem.rules': rules('sles-15')};
const unit: Texts = {
  'usr/lib/systemd/system/mem.service':
    '[Service]\nExecStart=/bin/sh -c "echo online > /sys/devices/system/memory/auto_online_blocks"\n',
  'etc/systemd/system/multi-user.target.wants/mem.service': '-> ../mem.service',
};
const RULE = 'etc/udev/rules.d/39-plugged-memory.rules';
const CONF = 'etc/tmpfiles.d/00-plugged-memory.conf';
const fix = (root: Texts, want: Want, more: Partial<RootQuestion> = {}): Fix =>
  fixRoot(linted(root, more), {...question, ...more}, want);
const written = (one: Fix): string =>
  one.kind === 'fix' ? one.fix.remedy.files.map(({path}) => path).join(' ') : one.kind;

/** What is to be written into which root for which outcome. */
const table: readonly [name: string, root: Texts, Readonly<Record<Want, string>>][] = [
  ['nobody onlines', leaving, {movable: RULE, normal: RULE, offline: 'already'}],
  ['the kernel onlines', onlining, {movable: CONF, normal: 'already', offline: CONF}],
  [
    'a rule of RHEL',
    rhel,
    {movable: 'etc/udev/rules.d/40-redhat.rules', normal: 'already', offline: 'etc/udev/rules.d/40-redhat.rules'},
  ],
  [
    'a rule of SUSE',
    suse,
    {
      movable: 'etc/udev/rules.d/80-hotplug-cpu-mem.rules',
      normal: 'already',
      offline: 'etc/udev/rules.d/80-hotplug-cpu-mem.rules',
    },
  ],
  [
    'a rule of RHEL beside a kernel that onlines',
    {...rhel, ...onlining},
    {movable: CONF, normal: 'already', offline: `${CONF} etc/udev/rules.d/40-redhat.rules`},
  ],
  [
    'tmpfiles.d',
    {...leaving, 'etc/tmpfiles.d/mem.conf': `${TMPFILES}online\n`},
    {movable: CONF, normal: 'already', offline: CONF},
  ],
  [
    'a rule of the administrator',
    {...leaving, 'etc/udev/rules.d/80-mem.rules': MOVABLE},
    {movable: 'already', normal: 'etc/udev/rules.d/80-mem.rules', offline: 'etc/udev/rules.d/80-mem.rules'},
  ],
  [
    'a unit',
    {...leaving, ...unit},
    {movable: `${RULE} etc/systemd/system/mem.service`, normal: 'already', offline: 'etc/systemd/system/mem.service'},
  ],
];

for (const [name, root, files] of table) {
  for (const want of wants) {
    test(`${name}, wanted ${want}: ${files[want]}, and the lint agrees`, (t) => {
      const found = fix(root, want);
      t.is(written(found), files[want]);
      if (found.kind !== 'fix') return;
      const again = lintRoot(withFiles(linted(root).root.tree, found.fix.remedy), question);
      t.true(
        again.machines.every((answer) => answers(want, answer)),
        again.sentence,
      );
    });
  }
}

test('a copy has another word where the rule writes, and all else as it was', (t) => {
  const found = fix(rhel, 'movable');
  const [file] = found.kind === 'fix' ? found.fix.remedy.files : [];
  t.is(
    file && 'text' in file ? file.text : '',
    rules('rhel-8').replace('ATTR{state}="$env{.state}"', 'ATTR{state}="online_movable"'),
  );
  const off = fix(rhel, 'offline');
  const [gone] = off.kind === 'fix' ? off.fix.remedy.files : [];
  t.is(gone && 'text' in gone ? gone.text : '', rules('rhel-8').replace(/^ATTR\{state\}.*$/m, '# $&'));
});

test("for all machines: RHEL's rule is as wanted on bare metal, and not in guests", (t) => {
  t.is(written(fix(rhel, 'movable', {virt: 'none'})), 'already');
  t.is(written(fix(rhel, 'movable', {virt: undefined})), 'etc/udev/rules.d/40-redhat.rules');
});

test('memory that is there at boot needs the kernel parameter, where the kernel onlines', (t) => {
  const grub = {
    'boot/grub/grub.cfg': 'menuentry "x" {\n linux /boot/vmlinuz-6.12.48-amd64 quiet\n}\n',
    'etc/default/grub': 'GRUB_CMDLINE_LINUX="quiet"\n',
    'usr/sbin/update-grub': '#!/bin/sh\n',
  };
  const found = fix({...onlining, ...grub}, 'movable');
  t.is(written(found), CONF);
  t.true(found.kind === 'fix' && !found.bootAsWanted);
  const boot = found.kind === 'fix' ? found.boot : undefined;
  t.deepEqual(
    boot?.remedy.files.map(({path}) => path),
    ['etc/default/grub.d/plugged-memory.cfg'],
  );
  t.deepEqual(boot?.remedy.then, ['update-grub']);
  t.is(boot?.linted.answer.atBoot.fates[0]?.zone, 'Movable');
});

test('without systemd-tmpfiles the kernel parameter is what is left', (t) => {
  const {'usr/bin/systemd-tmpfiles': _, ...bare} = onlining;
  const extlinux = {'boot/extlinux.conf': 'DEFAULT a\nLABEL a\n  LINUX vmlinuz-6.12.48-amd64\n  APPEND quiet\n'};
  const found = fix({...bare, ...extlinux}, 'movable');
  const [file] = found.kind === 'fix' ? found.fix.remedy.files : [];
  t.deepEqual(file && 'text' in file ? [file.path, file.text.split('\n')[3]] : [], [
    'boot/extlinux.conf',
    '  APPEND quiet memhp_default_state=online_movable',
  ]);
  t.is(written(fix(bare, 'movable')), 'none'); // nothing boots it, as far as can be seen
});

test('where nothing can be proved, that is said', (t) => {
  const hidden = {
    'opt/agent': '#!/bin/sh\necho "$1" > /sys/devices/system/memory/auto_online_blocks\n',
    'etc/rc.local': '#!/bin/sh\necho $MODE > /sys/devices/system/memory/auto_online_blocks\n',
  };
  const found = fix({...leaving, ...hidden}, 'movable');
  t.true(found.kind === 'none' && found.tried > 0);
  t.regex(found.kind === 'none' ? found.why : '', /etc\/rc\.local:2/);
  t.is(written(fix({...onlining, 'etc/kernel/cmdline': 'acpi_no_memhotplug'}, 'movable')), 'none');
});

test('before 5.7 the kernel has no policy for Movable: a rule does it, if the kernel leaves memory', (t) => {
  const old: Texts = {
    'boot/config-5.4.0-1-amd64':
      'CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE=y\nCONFIG_MEMORY_HOTREMOVE=y\n',
  };
  t.is(written(fix(old, 'movable')), 'none');
  t.is(written(fix({'boot/config-5.4.0-1-amd64': 'CONFIG_MEMORY_HOTPLUG=y\n'}, 'movable')), RULE);
});
