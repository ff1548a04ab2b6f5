import test from 'ava';
import {profiles} from '../rules/profiles.ts';
import {leaving, linted, MOVABLE, onlining, TMPFILES, type Texts} from './fixtures.ts';

const RHEL = profiles.find(({name}) => name === 'rhel-8')?.rules ?? '';
const unit = (start: string): string => `[Service]\nExecStart=${start}\n`;
const wanted = 'etc/systemd/system/multi-user.target.wants/mem.service';
const NORMAL = "it can be unplugged only while the kernel doesn't use it.";

/** Roots, and the one sentence about them. */
const sentences: readonly [name: string, root: Texts, sentence: string][] = [
  [
    'a kernel that leaves memory, and nobody else',
    leaving,
    'Plugged memory stays unused: nobody onlines it (auto_online_blocks is offline, by ' +
      ('CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE, which is not set, in boot/config-6.1.0-44-amd64; no rule, unit ' +
        'or script does); it can be unplugged.'),
  ],
  [
    'a kernel that onlines',
    onlining,
    `Plugged memory is used: the kernel onlines it (auto_online_blocks is online, by ` +
      `CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO in boot/config-6.12.48-amd64) into Normal; ${NORMAL}`,
  ],
  [
    'the old name of the option',
    {
      ...leaving,
      'boot/config-6.1.0-44-amd64':
        'CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE=y\nCONFIG_MEMORY_HOTREMOVE=y\n',
    },
    `Plugged memory is used: the kernel onlines it (auto_online_blocks is online, by ` +
      `CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE in boot/config-6.1.0-44-amd64) into Normal; ${NORMAL}`,
  ],
  [
    'a rule',
    {...leaving, 'etc/udev/rules.d/80-mem.rules': MOVABLE},
    'Plugged memory is used: udev onlines it (etc/udev/rules.d/80-mem.rules:1) into Movable; it can be unplugged.',
  ],
  [
    'a rule that comes too late',
    {...onlining, 'etc/udev/rules.d/80-mem.rules': MOVABLE},
    `Plugged memory is used: the kernel onlines it (auto_online_blocks is online, by ` +
      `CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO in boot/config-6.12.48-amd64) into Normal; ${NORMAL}`,
  ],
  [
    'a rule that a link to /dev/null masks',
    {...leaving, 'usr/lib/udev/rules.d/80-mem.rules': MOVABLE, 'etc/udev/rules.d/80-mem.rules': '-> /dev/null'},
    'Plugged memory stays unused: nobody onlines it (auto_online_blocks is offline, by ' +
      ('CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE, which is not set, in boot/config-6.1.0-44-amd64; no rule, unit ' +
        'or script does); it can be unplugged.'),
  ],
  [
    'tmpfiles.d',
    {...leaving, 'etc/tmpfiles.d/mem.conf': `${TMPFILES}online_movable\n`},
    'Plugged memory is used: the kernel onlines it (auto_online_blocks is online_movable, by ' +
      'etc/tmpfiles.d/mem.conf:1) into Movable; it can be unplugged.',
  ],
  [
    "of two lines for a path systemd-tmpfiles takes the first, by the files' names",
    {
      ...leaving,
      'etc/tmpfiles.d/50-a.conf': `${TMPFILES}online\n`,
      'usr/lib/tmpfiles.d/10-b.conf': `# a\n${TMPFILES}online_kernel\n`,
    },
    `Plugged memory is used: the kernel onlines it (auto_online_blocks is online_kernel, by ` +
      `usr/lib/tmpfiles.d/10-b.conf:2) into Normal; ${NORMAL}`,
  ],
  [
    'two paths that are one file by a glob: both are written, the last one lasts',
    {
      ...leaving,
      'etc/tmpfiles.d/10-a.conf': `${TMPFILES}online\n`,
      'etc/tmpfiles.d/20-b.conf': 'w /sys/devices/system/memory/auto_online_* - - - - online_movable\n',
    },
    'Plugged memory is used: the kernel onlines it (auto_online_blocks is online_movable, by ' +
      'etc/tmpfiles.d/20-b.conf:1) into Movable; it can be unplugged.',
  ],
  [
    '/etc hides a file of /usr/lib',
    {...leaving, 'usr/lib/tmpfiles.d/mem.conf': `${TMPFILES}online\n`, 'etc/tmpfiles.d/mem.conf': '-> /dev/null'},
    'Plugged memory stays unused: nobody onlines it (auto_online_blocks is offline, by ' +
      ('CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE, which is not set, in boot/config-6.1.0-44-amd64; no rule, unit ' +
        'or script does); it can be unplugged.'),
  ],
  [
    'a word that the kernel does not take changes nothing',
    {...onlining, 'etc/tmpfiles.d/mem.conf': `${TMPFILES}movable\n`},
    `Plugged memory is used: the kernel onlines it (auto_online_blocks is online, by ` +
      `CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO in boot/config-6.12.48-amd64) into Normal; ${NORMAL}`,
  ],
  [
    'a kernel parameter, the last one',
    {
      ...leaving,
      'etc/default/grub':
        'GRUB_CMDLINE_LINUX_DEFAULT="quiet ' +
        'memhp_default_state=online"\nGRUB_CMDLINE_LINUX="memhp-default-state=offline"\n',
      'etc/default/grub.d/z.cfg':
        'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT memhp_default_state=online_movable"\n',
    },
    'Plugged memory is used: the kernel onlines it (auto_online_blocks is online_movable, by ' +
      'memhp_default_state=online_movable in etc/default/grub.d/z.cfg:1) into Movable; it can be unplugged.',
  ],
  [
    'movable_node',
    {...onlining, 'etc/kernel/cmdline': 'root=/dev/vda movable_node\n'},
    'Plugged memory is used: the kernel onlines it (auto_online_blocks is online, by ' +
      'CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO in boot/config-6.12.48-amd64) into Movable; it can be unplugged.',
  ],
  [
    'auto-movable',
    {...onlining, 'etc/kernel/cmdline': 'memory_hotplug.online_policy=auto-movable\n'},
    'Plugged memory is used: the kernel onlines it (auto_online_blocks is online, by ' +
      ('CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO in boot/config-6.12.48-amd64) into Movable as long as ' +
        ('there is not more of that than auto_movable_ratio allows, else into Normal; what is in Normal can ' +
          "be unplugged only while the kernel doesn't use it.")),
  ],
  [
    'a kernel that does not look at DIMMs',
    {...onlining, 'etc/kernel/cmdline': 'acpi_no_memhotplug\n'},
    'Plugged memory is not used: acpi_no_memhotplug is given in etc/kernel/cmdline:1: the kernel does not ' +
      'look at plugged DIMMs.',
  ],
  [
    'a kernel without memory hotplug',
    {...leaving, 'boot/config-6.1.0-44-amd64': '# CONFIG_MEMORY_HOTPLUG is not set\n'},
    'Plugged memory is not used: the kernel was built without CONFIG_MEMORY_HOTPLUG (boot/config-6.1.0-44-amd64).',
  ],
  [
    'a kernel that can not take memory away',
    {
      ...leaving,
      'boot/config-6.1.0-44-amd64': 'CONFIG_MEMORY_HOTPLUG=y\n# CONFIG_MEMORY_HOTREMOVE is not set\n',
      'etc/tmpfiles.d/m.conf': `${TMPFILES}online\n`,
    },
    'Plugged memory is used: the kernel onlines it (auto_online_blocks is online, by ' +
      ('etc/tmpfiles.d/m.conf:1) into Normal; it can never be unplugged, as the kernel was built without ' +
        'CONFIG_MEMORY_HOTREMOVE.'),
  ],
  [
    'a unit that sets the policy',
    {
      ...leaving,
      'usr/lib/systemd/system/mem.service': unit(
        String.raw`/bin/sh -c "echo online_movable > /sys/devices/system/memory/auto_online_blocks"`,
      ),
      [wanted]: '-> /usr/lib/systemd/system/mem.service',
    },
    'Plugged memory is used: the kernel onlines it (auto_online_blocks is online_movable, by ' +
      'usr/lib/systemd/system/mem.service:2) into Movable; it can be unplugged.',
  ],
  [
    'a unit that nobody starts',
    {
      ...leaving,
      'usr/lib/systemd/system/mem.service': unit(
        '/bin/sh -c "echo online > /sys/devices/system/memory/auto_online_blocks"',
      ),
    },
    'Plugged memory stays unused: nobody onlines it (auto_online_blocks is offline, by ' +
      ('CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE, which is not set, in boot/config-6.1.0-44-amd64; no rule, unit ' +
        'or script does); it can be unplugged.'),
  ],
  [
    'a unit whose script waits for blocks',
    {
      ...leaving,
      'etc/systemd/system/mem.service': unit('/opt/mem/watch'),
      'opt/mem/watch':
        '#!/bin/sh\ncd /sys/devices/system/memory\nwhile sleep 5; do for b in memory*; do\n  echo ' +
        'online_movable > $b/state\ndone; done\n',
      [wanted]: '-> ../mem.service',
    },
    'Plugged memory is used: mem.service, opt/mem/watch:4 onlines it into Movable; it can be unplugged.',
  ],
  [
    'a unit that writes to blocks once at boot is of no use to plugged ones',
    {
      ...leaving,
      'etc/systemd/system/mem.service': unit('/opt/mem/once'),
      'opt/mem/once': '#!/bin/sh\nfor b in /sys/devices/system/memory/memory*; do echo online > $b/state; done\n',
      [wanted]: '-> ../mem.service',
    },
    'Plugged memory stays unused: nobody onlines it (auto_online_blocks is offline, by ' +
      ('CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE, which is not set, in boot/config-6.1.0-44-amd64; no rule, unit ' +
        'or script does); it can be unplugged.'),
  ],
  [
    'no kernel in the root',
    {'etc/udev/rules.d/a.rules': 'TAG+="a"\n'},
    'Whether plugged memory is used depends on the kernel, whose configuration is not in this root: nobody ' +
      ('onlines it (auto_online_blocks is offline; no rule, unit or script does), or the kernel onlines it ' +
        ('(auto_online_blocks is not offline) into Normal; what is in Normal can be unplugged only while the ' +
          "kernel doesn't use it.")),
  ],
];

for (const [name, root, sentence] of sentences) {
  test(`one sentence: ${name}`, (t) => {
    t.is(linted(root).sentence, sentence);
  });
}

test('a copy in /etc whose name the distribution no longer uses overrides nothing', (t) => {
  const off = RHEL.replace('SUBSYSTEM!="memory"', 'SUBSYSTEM=="*"');
  const {answer} = linted({
    ...leaving,
    'etc/udev/rules.d/40-redhat.rules': off,
    'usr/lib/udev/rules.d/40-redhat-hotplug.rules': RHEL,
  });
  t.is(answer.plugged.fates[0]?.who, 'usr/lib/udev/rules.d/40-redhat-hotplug.rules:8');
  t.is(
    linted({...leaving, 'etc/udev/rules.d/40-redhat.rules': off, 'usr/lib/udev/rules.d/40-redhat.rules': RHEL}).answer
      .plugged.fates[0]?.by,
    'nobody',
  );
});

test('who sets the policy is told in order, and who wins', (t) => {
  const {reasons, answer} = linted({
    ...onlining,
    'etc/default/grub': 'GRUB_CMDLINE_LINUX="memhp_default_state=online_kernel"\n',
    'etc/tmpfiles.d/m.conf': `${TMPFILES}online_movable\n`,
    'etc/udev/rules.d/80-mem.rules': MOVABLE,
  });
  t.deepEqual(
    answer.chain.steps.map(({value, when}) => `${when} ${value ?? '?'}`),
    ['built online', 'parameter online_kernel', 'boot online_movable'],
  );
  t.deepEqual(reasons.map(({place}) => place).slice(1), [
    'boot/config-6.12.48-amd64:3',
    'etc/default/grub:1',
    'etc/tmpfiles.d/m.conf:1',
    'etc/udev/rules.d/80-mem.rules:1',
  ]);
  t.regex(reasons.at(-1)?.text ?? '', /^may write "online_movable" too late: .*\(EINVAL\)$/);
});

test('memory devices that are there at boot are spoken of where they fare otherwise', (t) => {
  t.is(
    linted({...leaving, 'etc/tmpfiles.d/m.conf': `${TMPFILES}online_movable\n`}).bootSentence,
    'Memory devices that are there when it boots fare otherwise: nobody onlines them.',
  );
  t.is(linted({...leaving, 'usr/lib/udev/rules.d/40-redhat.rules': RHEL}).bootSentence, undefined);
});
