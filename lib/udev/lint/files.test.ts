import test from 'ava';
import {findings, type FindingId} from './finding.ts';
import type {Layer} from '../rules/layers.ts';
import {lintLayers} from './shadowed.ts';
import {lintFiles, type Linted} from './files.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const lint = (text: string): Linted => lintFiles([{path: 'a.rules', bytes: bytes(text)}]);
const idsOf = ({findings: found}: Linted): FindingId[] => found.map(({id}) => id);

/** Right in every way but that it goes against the policy, which any rule that acts does. */
const PERFECT =
  'SUBSYSTEM=="memory", ACTION=="add", CONST{virt}=="none", CONST{arch}=="x86-64", ' +
  'ATTRS{auto_online_blocks}=="offline", ATTR{state}=="offline", ATTR{state}="online_movable"';

/** For each finding: rules that have it, with the place, and rules nearly the same that do not. */
const table: readonly [id: FindingId, bad: string, place: string, good: string][] = [
  ['syntax/token', 'ACTION=="add", SYMLINK+=foo', '1:25', 'ACTION=="add", SYMLINK+="foo"'],
  ['syntax/token', 'ACTION', '1:1', 'ACTION=="add", TAG+="a"'],
  ['syntax/token', 'ENV{a="b"', '1:4', 'ENV{a}="b"'],
  ['syntax/token', 'TAG~"b"', '1:1', 'TAG+="b"'],
  ['syntax/token', 'ENV{a}"b"', '1:7', 'ENV{a}="b"'],
  ['syntax/token', 'TAG+=r"b"', '1:6', 'TAG+=e"b"'],
  ['syntax/token', 'TAG+=e"\\q"', '1:7', 'TAG+=e"\\n"'],
  ['syntax/unbalanced-quote', 'ACTION=="add", TAG+="a\\"', '1:21', 'ACTION=="add", TAG+="a\\""'],
  ['syntax/command-quote', 'TAG=="a", RUN+="/bin/sh -c \'echo"', '1:16', 'TAG=="a", RUN+="/bin/sh -c \'echo\'"'],
  ['syntax/unknown-key', 'ACTIN=="add", TAG+="a"', '1:1', 'ACTION=="add", TAG+="a"'],
  ['syntax/operator', 'TAG+="a", ACTION="add"', '1:17', 'TAG+="a", ACTION=="add"'],
  ['syntax/assumed-operator', 'ATTR{a}+="1"', '1:8', 'ATTR{a}="1"'],
  ['syntax/braces', 'CONST{cpu}=="x86", TAG+="a"', '1:1', 'CONST{arch}=="x86", TAG+="a"'],
  ['syntax/braces', 'KERNEL{a}=="x86", TAG+="a"', '1:1', 'KERNEL=="x86", TAG+="a"'],
  ['syntax/braces', 'ENV="x86"', '1:1', 'ENV{a}="x86"'],
  ['syntax/value', 'TEST{99}=="a", TAG+="a"', '1:11', 'TEST{77}=="a", TAG+="a"'],
  ['syntax/value', 'ENV{ACTION}="a"', '1:13', 'ENV{ACTIONS}="a"'],
  ['syntax/value', 'TAG+=i"a"', '1:6', 'TAG==i"a", TAG+="a"'],
  ['syntax/value', 'OPTIONS="link_priority=high"', '1:9', 'OPTIONS="link_priority=0x10"'],
  ['syntax/value', 'RUN{builtin}+="ls"', '1:15', 'RUN{builtin}+="kmod load x"'],
  ['syntax/substitution', 'SYMLINK+="a%q"', '1:12', 'SYMLINK+="a%%q"'],
  ['syntax/substitution', 'ATTR{$x}="1"', '1:6', 'ATTR{$kernel}="1"'],
  ['syntax/newer-udev', 'CONST{cvm}=="none", TAG+="a"', '1:1', 'CONST{virt}=="none", TAG+="a"'],
  ['syntax/newer-udev', 'ACTION==i"ADD", TAG+="a"', '1:9', 'ACTION==e"add", TAG+="a"'],
  ['syntax/newer-udev', 'IMPORT{builtin}="tpm2_id"', '1:17', 'IMPORT{builtin}="usb_id"'],
  ['syntax/newer-udev', 'OPTIONS="dump"', '1:9', 'OPTIONS="watch"'],
  ['syntax/options', 'OPTIONS="last_rule"', '1:9', 'OPTIONS="nowatch"'],
  ['syntax/goto', 'LABEL="a"\nGOTO="a"', '2:1', 'GOTO="a"\nLABEL="a"'],
  ['syntax/label-twice', 'GOTO="a"\nLABEL="a"\nLABEL="a"', '3:1', 'GOTO="a"\nLABEL="a"\nGOTO="b"\nLABEL="b"'],
  ['syntax/jump-twice', 'GOTO="a", GOTO="b"\nLABEL="a"', '1:11', 'GOTO="a", TAG+="b"\nLABEL="a"'],
  ['syntax/no-effect', 'ACTION=="add"', '1:1', 'ACTION=="add", TAG+="a"'],
  ['syntax/conflict', 'ACTION=="add", ACTION=="change", TAG+="a"', '1:16', 'ACTION=="add|change", TAG+="a"'],
  ['syntax/conflict', 'KERNEL=="sd*", KERNEL=="vd*", TAG+="a"', '1:16', 'KERNEL=="sd*", KERNEL!="sda", TAG+="a"'],
  ['syntax/duplicate', 'TAG+="a", TAG+="a"', '1:11', 'TAG+="a", TAG+="b"'],
  [
    'syntax/result-order',
    'RESULT=="a", PROGRAM=="/bin/b", TAG+="c"',
    '1:1',
    'PROGRAM=="/bin/b", RESULT=="a", TAG+="c"',
  ],
  ['syntax/deprecated', 'ATTRS{device/a}=="b", TAG+="c"', '1:1', 'ATTRS{devices/a}=="b", TAG+="c"'],
  ['syntax/line-too-long', `TAG+="a"\n# ${'x'.repeat(16_382)}`, '2:16384', `TAG+="a"\n# ${'x'.repeat(16_381)}`],
  [
    'syntax/line-too-long',
    `TAG+="${'x'.repeat(9000)}\\\n${'x'.repeat(9000)}"\nTAG+="a"`,
    '1:1',
    `TAG+="${'x'.repeat(6000)}\\\n${'x'.repeat(9000)}"`,
  ],
  ['syntax/unfinished', 'TAG+="a", \\', '1:1', 'TAG+="a", \\\nTAG+="b"'],
  ['syntax/style', 'ACTION=="add" , TAG+="a"', '1:14', 'ACTION=="add", TAG+="a"'],
  ['syntax/unused-label', 'LABEL="a"', '1:1', 'GOTO="a"\nLABEL="a"'],
  ['file/binary', 'TAG+="a"\0TAG+="b"', '1:9', 'TAG+="a"\nTAG+="b"'],
  ['file/encoding', '# \xe4', '1:3', '# \xc3\xa4'],
  ['file/crlf', 'TAG+="a"\r\n', '1:9', 'TAG+="a"\n'],
  ['file/too-many-rules', 'ATTR{state}="a"\n'.repeat(201), '1:1', 'ATTR{state}="a"\n'.repeat(200)],
  ['file/too-many-rules', `ATTR{state}="a"\n${'TAG+="a"\n'.repeat(10_000)}`, '1:1', 'TAG+="a"\n'.repeat(10_001)],
  ['file/too-many-findings', 'LABEL="a"\n'.repeat(2501), '1:1', 'LABEL="a"\n'.repeat(2500)],
  ['memory/non-movable', PERFECT.replace('online_movable', 'online'), '1:143', PERFECT],
  ['memory/order-trap', PERFECT, '1:143', PERFECT.replace('online_movable', 'online')],
  ['memory/unconditional', PERFECT.replace('ATTR{state}=="offline", ', ''), '1:119', PERFECT],
  ['memory/undoes-offline', PERFECT.replace('ACTION=="add", ', ''), '1:128', PERFECT.replace('add', 'change')],
  ['memory/any-action', PERFECT.replace('add', 'add|change'), '1:150', PERFECT],
  ['memory/no-virt-guard', PERFECT.replace('CONST{virt}=="none", ', ''), '1:122', PERFECT],
  ['memory/no-arch-guard', PERFECT.replace('CONST{virt}=="none", CONST{arch}=="x86-64", ', ''), '1:99', PERFECT],
  [
    'memory/goto-both-differ',
    `SUBSYSTEM!="memory", ACTION!="add", GOTO="end"\n${PERFECT}\nLABEL="end"`,
    '1:1',
    `SUBSYSTEM!="memory", GOTO="end"\nACTION!="add", GOTO="end"\n${PERFECT}\nLABEL="end"`,
  ],
  [
    'memory/double-online',
    'ACTION=="add", SUBSYSTEM=="memory", ATTR{state}=="offline", ATTR{state}="online"\nACTION=="add", ' +
      'SUBSYSTEM=="memory", ATTR{state}=="offline", ATTR{state}="online_movable"',
    '2:61',
    'CONST{virt}=="none", SUBSYSTEM=="memory", ATTR{state}="online"\nCONST{virt}!="none", ' +
      'SUBSYSTEM=="memory", ATTR{state}="online_movable"',
  ],
  ['memory/kernel-first', PERFECT.replace('ATTRS{auto_online_blocks}=="offline", ', ''), '1:105', PERFECT],
  ['memory/ignores-policy', PERFECT, '1:143', PERFECT.replace('auto_online_blocks}==', 'auto_online_blocks}!=')],
  ['memory/never-acts', PERFECT.replace('auto_online_blocks}==', 'auto_online_blocks}!='), '1:143', PERFECT],
  [
    'memory/never-acts',
    'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="online", ATTR{state}="online"',
    '1:60',
    'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}!="online", ATTR{state}="online"',
  ],
  ['memory/zone-lost', PERFECT.replace('ATTR{state}="', 'ATTR{online}="'), '1:143', PERFECT],
  [
    'memory/state-word',
    PERFECT.replace('ATTR{state}="online_movable', 'ATTR{online}="movable'),
    '1:143',
    PERFECT.replace('ATTR{state}="online_movable', 'ATTR{online}="yes'),
  ],
  [
    'memory/no-shell',
    'SUBSYSTEM=="memory", RUN+="/bin/echo online > /sys$devpath/state"',
    '1:27',
    'SUBSYSTEM=="memory", RUN+="/bin/sh -c \'echo online > /sys$devpath/state\'"',
  ],
  [
    'memory/no-shell',
    'SUBSYSTEM=="memory", RUN+="/bin/true && /bin/x"',
    '1:27',
    'SUBSYSTEM=="block", RUN+="/bin/true && /bin/x"',
  ],
  [
    'memory/no-path',
    'SUBSYSTEM=="memory", PROGRAM="grep -q x /etc/y", ATTR{state}="online"',
    '1:30',
    'SUBSYSTEM=="memory", PROGRAM="my-helper", ATTR{state}="online"',
  ],
  [
    'memory/may-write',
    'SUBSYSTEM=="memory", ACTION=="add", RUN+="/usr/local/bin/x %k"',
    '1:37',
    'SUBSYSTEM=="memory", ACTION=="add", RUN+="/bin/logger %k"',
  ],
  [
    'memory/may-write',
    'SUBSYSTEM=="memory", TAG+="systemd", ENV{SYSTEMD_WANTS}+="a@%k.service"',
    '1:38',
    'SUBSYSTEM=="memory", ENV{SYSTEMD_WANTS}+="a@%k.service"',
  ],
  [
    'memory/other-subsystem',
    'SUBSYSTEM=="acpi", RUN+="/bin/sh -c \'for f in /sys/devices/system/memory/memory*/state; do echo ' +
      'online > $$f; done\'"',
    '1:20',
    'SUBSYSTEM=="acpi", RUN+="/bin/sh -c \'for f in /sys/devices/system/memory/memory*/state; do cat $$f; done\'"',
  ],
  [
    'memory/sets-policy',
    'SUBSYSTEM=="memory", ATTR{../auto_online_blocks}="online"',
    '1:22',
    'SUBSYSTEM=="memory", ATTR{../auto_online_blocks}=="online", TAG+="a"',
  ],
  [
    'memory/sets-policy',
    'SUBSYSTEM=="memory", ATTR{[module/memory_hotplug]parameters/online_policy}="auto-movable"',
    '1:22',
    'SUBSYSTEM=="memory", ATTR{[module/memory_hotplug]parameters/x}="auto-movable"',
  ],
  ['memory/state-word', PERFECT.replace('online_movable', 'movable'), '1:143', PERFECT],
  ['memory/state-match', PERFECT.replace('{state}=="offline"', '{state}=="online_movable"'), '1:119', PERFECT],
  [
    'memory/offlines',
    PERFECT.replace('ATTR{state}=="offline", ', '').replace('online_movable', 'offline'),
    '1:119',
    PERFECT,
  ],
  [
    'memory/run-writes-state',
    PERFECT.replace(
      'ATTR{state}="online_movable"',
      'RUN+="/bin/sh -c \'echo online_movable > /sys$env{DEVPATH}/state\'"',
    ),
    '1:143',
    PERFECT.replace('ATTR{state}="online_movable"', 'RUN+="/bin/sh -c \'echo online_movable > /tmp/log\'"'),
  ],
  [
    'memory/some-blocks',
    PERFECT.replace('CONST{virt}', 'KERNEL=="memory*[02468]", CONST{virt}'),
    '1:169',
    PERFECT.replace('CONST{virt}', 'KERNEL=="memory[0-9]*", CONST{virt}'),
  ],
  [
    'memory/other-devices',
    'ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"',
    '1:40',
    'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"',
  ],
  ['memory/never', `GOTO="end"\n${PERFECT}\nLABEL="end"`, '2:143', `GOTO="end"\nLABEL="end"\n${PERFECT}`],
  [
    'memory/detect-virt',
    `SUBSYSTEM=="memory", PROGRAM="/usr/bin/systemd-detect-virt", RESULT!="zvm", ATTR{state}="online"`,
    '1:22',
    `SUBSYSTEM=="memory", PROGRAM="/bin/sh -c 'systemd-detect-virt || :'", RESULT!="zvm", ATTR{state}="online"`,
  ],
];

for (const [i, [id, bad, place, good]] of table.entries()) {
  test(`${id} (${i}): found where it is, with a fix, and not where it only looks alike`, (t) => {
    const found = lint(bad).findings.filter((one) => one.id === id);
    t.true(
      found.some(({line, col}) => `${line}:${col}` === place),
      JSON.stringify(lint(bad).findings),
    );
    t.true(
      found.every(
        ({level, fix, message}) => ['error', 'warning', 'info'].includes(level) && fix !== '' && message !== '',
      ),
    );
    t.false(idsOf(lint(good)).includes(id), JSON.stringify(lint(good).findings));
  });
}

const layer = (dir: string, ...files: readonly [name: string, text: string | undefined][]): Layer => ({
  dir,
  files: files.map(([name, text]) => ({
    path: `/${dir}/${name}`,
    bytes: bytes(text ?? ''),
    ...(text === undefined ? {unread: 'mask'} : {}),
  })),
});

const etc = (name: string, text?: string): Layer => layer('etc/udev/rules.d', [name, text]);
const usr = (name: string, text?: string): Layer => layer('usr/lib/udev/rules.d', [name, text]);
const WRITES = 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"\n';
const OTHER = 'KERNEL=="zram*", TAG+="a"\n';

const COPIED = `SUBSYSTEM!="memory", GOTO="end"\nACTION!="add", GOTO="end"\n${WRITES}LABEL="end"\n`;

const trees: readonly [id: FindingId, bad: readonly Layer[], good: readonly Layer[]][] = [
  ['tree/masked', [etc('40-a.rules'), usr('40-a.rules', WRITES)], [etc('41-a.rules'), usr('40-b.rules', OTHER)]],
  [
    'tree/shadowed',
    [etc('40-a.rules', WRITES + OTHER), usr('40-a.rules', WRITES)],
    [etc('41-a.rules', WRITES + OTHER), usr('40-a.rules', WRITES)],
  ],
  [
    'tree/stale-copy',
    [etc('40-a.rules', `# ${WRITES}`), usr('40-a.rules', WRITES + OTHER)],
    [etc('40-a.rules', `# ${WRITES}${OTHER}`), usr('40-a.rules', WRITES + OTHER)],
  ],
  [
    'tree/disabled',
    [etc('40-a.rules', COPIED.replace('!=', '==')), usr('40-a.rules', COPIED)],
    [etc('40-a.rules', COPIED.replace('online"', 'online_movable"')), usr('40-a.rules', COPIED)],
  ],
  [
    'tree/override-lost',
    [etc('40-a.rules', COPIED.replace('!=', '==')), usr('40-b.rules', COPIED)],
    [etc('40-b.rules', COPIED.replace('!=', '==')), usr('40-b.rules', COPIED)],
  ],
  [
    'tree/needless-copy',
    [etc('40-a.rules', `# mine\n${WRITES}`), usr('40-a.rules', WRITES)],
    [etc('40-a.rules', `# ${WRITES}`), usr('40-a.rules', WRITES)],
  ],
  [
    'tree/override-lost',
    [etc('40-a.rules', `# ${WRITES}`), usr('40-b.rules', WRITES)],
    [etc('40-b.rules', `# ${WRITES}`), usr('40-b.rules', WRITES)],
  ],
  [
    'tree/override-lost',
    [etc('40-a.rules'), usr('40-b.rules', WRITES)],
    [etc('40-b.rules'), usr('40-b.rules', WRITES)],
  ],
  [
    'tree/vendor-edited',
    [usr('40-a.rules', `# ${WRITES}`)],
    [etc('40-a.rules', `# ${WRITES}`), usr('40-a.rules', `# ${WRITES}`)],
  ],
  ['tree/not-read', [etc('40-a.rules.rpmsave', WRITES)], [etc('README', WRITES)]],
  [
    'file/unreadable',
    [{dir: 'etc', files: [{path: '/etc/a.rules', bytes: bytes(''), unread: 'a directory'}]}],
    [etc('40-a.rules')],
  ],
];

for (const [i, [id, bad, good]] of trees.entries()) {
  test(`${id} (${i}): found in directories that have it, and not in those that only look alike`, (t) => {
    t.true(idsOf(lintLayers(bad)).includes(id), JSON.stringify(lintLayers(bad).findings));
    t.false(idsOf(lintLayers(good)).includes(id), JSON.stringify(lintLayers(good).findings));
  });
}

test('every finding has an example', (t) => {
  const shown = new Set([...table.map(([id]) => id), ...trees.map(([id]) => id)]);
  t.deepEqual(
    Object.keys(findings).filter((id) => !shown.has(id as FindingId)),
    [],
  );
});
