import test from 'ava';
import {effectOf, type Action} from './effect.ts';
import {archNamed, type Guest, type Policy} from '../guest.ts';
import {parseRules} from '../rules/parse.ts';

const KVM: Guest = {virt: 'kvm', arch: 'x86-64', policy: 'offline'};
const outcome = (text: string, guest: Partial<Guest> = {}, action: Action = 'add', complete = true): string =>
  effectOf([parseRules('a.rules', Buffer.from(text))], {...KVM, ...guest}, action, complete).outcome.join(' or ');

const SET = 'SUBSYSTEM=="memory", ATTR{state}="online"';

/** What becomes of a plugged block of a KVM guest with the policy offline, where all rules are known. */
const table: readonly [what: string, rules: string, outcome: string][] = [
  ['a rule for memory', SET, 'online'],
  ['a rule for another subsystem', 'SUBSYSTEM=="block", ATTR{state}="online"', 'unchanged'],
  ['a match that stands behind the assignment', 'ATTR{state}="online", SUBSYSTEM=="block"', 'unchanged'],
  ['the switch online', 'SUBSYSTEM=="memory", ATTR{online}=="0", ATTR{online}="1"', 'online'],
  ['the switch online, off', 'SUBSYSTEM=="memory", ATTR{online}="0"', 'unchanged'],
  ['a word that is none', 'SUBSYSTEM=="memory", ATTR{state}="onlined"', 'unchanged'],
  ['the first of two writes', `SUBSYSTEM=="memory", ATTR{state}="online_movable"\n${SET}`, 'online_movable'],
  ['a wrong word, then a right one', `SUBSYSTEM=="memory", ATTR{state}="movable"\n${SET}`, 'online'],
  [
    'a state that an earlier rule wrote is seen, where none has looked before',
    `${SET}\nATTR{state}=="online", ATTR{state}="offline"`,
    'offline or online',
  ],
  [
    'a state that an earlier rule looked at, and wrote, is seen by new udevds',
    `SUBSYSTEM=="memory", ATTR{state}=="offline", ATTR{state}="online"\nATTR{state}=="online", ATTR{state}="offline"`,
    'offline or online',
  ],
  [
    'an attribute that is not there, and !=',
    'SUBSYSTEM=="memory", ATTR{auto_online_blocks}!="x", ATTR{state}="online"',
    'unchanged',
  ],
  ["a parent's attribute", 'SUBSYSTEM=="memory", ATTRS{auto_online_blocks}=="offline", ATTR{state}="online"', 'online'],
  [
    'two matches of parents that no one device has',
    'SUBSYSTEMS=="memory", ATTRS{auto_online_blocks}=="offline", ATTR{state}="online"',
    'unchanged',
  ],
  ['a property', 'ENV{.a}="online"\nSUBSYSTEM=="memory", ATTR{state}="$env{.a}"', 'online'],
  ['a property by letter', 'ENV{a}="online"\nSUBSYSTEM=="memory", ATTR{state}="%E{a}"', 'online'],
  ['a property that is not set', 'SUBSYSTEM=="memory", ENV{a}=="", ATTR{state}="online"', 'online'],
  [
    'a property that perhaps is imported',
    'IMPORT{program}="/bin/x"\nSUBSYSTEM=="memory", ENV{a}=="", ATTR{state}="online"',
    'online or unchanged',
  ],
  [
    'a property of the command line',
    'IMPORT{cmdline}="onlines"\nSUBSYSTEM=="memory", ENV{onlines}=="1", ATTR{state}="online"',
    'online or unchanged',
  ],
  [
    'a property that another import is about',
    'IMPORT{cmdline}="b"\nSUBSYSTEM=="memory", ENV{a}=="1", ATTR{state}="online"',
    'unchanged',
  ],
  ['the number of the block', 'SUBSYSTEM=="memory", KERNEL=="memory$number", ATTR{state}="online"', 'unchanged'],
  ['the name of the block', 'SUBSYSTEM=="memory", KERNEL=="memory3?", ATTR{state}="online"', 'online'],
  ['the path of the block', 'DEVPATH=="/devices/system/memory/memory[0-9]*", ATTR{state}="online"', 'online'],
  [
    'a program that is known',
    'SUBSYSTEM=="memory", PROGRAM="/usr/bin/uname -m", RESULT=="x86_64", ATTR{state}="online"',
    'online',
  ],
  ['a program that is not', 'SUBSYSTEM=="memory", PROGRAM="/usr/bin/x", ATTR{state}="online"', 'online or unchanged'],
  ['a program that fails', 'SUBSYSTEM=="memory", PROGRAM="/bin/false", ATTR{state}="online"', 'unchanged'],
  ['a program that fails, as wanted', 'SUBSYSTEM=="memory", PROGRAM!="/bin/false", ATTR{state}="online"', 'online'],
  [
    'a result of a rule above',
    'PROGRAM="/bin/cat /sys/devices/system/memory/auto_online_blocks"\nSUBSYSTEM=="memory", ' +
      'RESULT=="offline", ATTR{state}="online"',
    'online',
  ],
  [
    'a result that a failed program has cleared',
    'PROGRAM="/bin/uname -m"\nPROGRAM="/bin/false"\nSUBSYSTEM=="memory", RESULT=="", ATTR{state}="online"',
    'online',
  ],
  ['a program without its directory', 'SUBSYSTEM=="memory", PROGRAM="uname -m", ATTR{state}="online"', 'unchanged'],
  ['a file that blocks have', 'SUBSYSTEM=="memory", TEST=="state", ATTR{state}="online"', 'online'],
  ['a file that they may have', 'SUBSYSTEM=="memory", TEST=="foo", ATTR{state}="online"', 'online or unchanged'],
  ['the vendor of another hypervisor', 'ATTR{[dmi/id]sys_vendor}=="Xen", ATTR{state}="online"', 'unchanged'],
  ['a vendor that KVM may have', 'ATTR{[dmi/id]sys_vendor}=="oVirt", ATTR{state}="online"', 'online or unchanged'],
  ['a jump over', `GOTO="a"\n${SET}\nLABEL="a"`, 'unchanged'],
  ['a jump that is not taken', `SUBSYSTEM!="memory", GOTO="a"\n${SET}\nLABEL="a"`, 'online'],
  ['a jump to nowhere', `GOTO="b"\n${SET}`, 'online'],
  ['a jump that is perhaps taken', `TEST=="/x", GOTO="a"\n${SET}\nLABEL="a"`, 'online or unchanged'],
  ['what comes behind one', `TEST=="/x", GOTO="a"\nENV{a}="b"\nLABEL="a"\n${SET}`, 'online'],
  [
    'a property set on one of two ways',
    'ENV{a}="online"\nTEST=="/x", GOTO="a"\nENV{a}="online_movable"\nLABEL="a"\nSUBSYSTEM=="memory", ' +
      'ATTR{state}="$env{a}"',
    'online or online_movable',
  ],
  [
    'a property set on both',
    'TEST=="/x", GOTO="a"\nENV{a}="online", ' +
      'GOTO="b"\nLABEL="a"\nENV{a}="online"\nLABEL="b"\nSUBSYSTEM=="memory", ATTR{state}="$env{a}"',
    'online',
  ],
  [
    'a label in a rule that does something',
    `GOTO="a"\nENV{a}="1"\nSUBSYSTEM=="memory", LABEL="a", ATTR{state}="online"`,
    'online',
  ],
  [
    'a program that writes',
    'SUBSYSTEM=="memory", RUN+="/bin/sh -c \'echo online_movable > /sys$devpath/state\'"',
    'online_movable',
  ],
  [
    'a program behind an attribute',
    `SUBSYSTEM=="memory", RUN+="/bin/sh -c 'echo online_movable > /sys%p/state'"\n${SET}`,
    'online',
  ],
  [
    'programs that another rule clears',
    'SUBSYSTEM=="memory", RUN+="/bin/sh -c \'echo online > /sys%p/state\'"\nRUN="/bin/true"',
    'unchanged',
  ],
  [
    'programs behind the last word',
    'SUBSYSTEM=="memory", RUN:="/bin/true"\nSUBSYSTEM=="memory", RUN+="/bin/sh -c \'echo online > /sys%p/state\'"',
    'unchanged',
  ],
  [
    'chmem',
    'SUBSYSTEM=="memory", RUN+="/usr/bin/chmem -e $number"',
    'online or online_kernel or online_movable or unchanged',
  ],
  ['a rule that udevd drops', 'SUBSYSTEM=="memory", FOO="a", ATTR{state}="online"', 'unchanged'],
  ['case ignored', 'SUBSYSTEM==i"MEMORY", ATTR{state}="online"', 'online'],
  ['an alternative', 'SUBSYSTEM=="cpu|memory", ATTR{state}="online"', 'online'],
];

for (const [what, rules, wanted] of table) {
  test(`${what}: ${wanted}`, (t) => {
    t.is(outcome(rules), wanted);
  });
}

test('a property that another file may set is unknown where not all files are given', (t) => {
  const rules = 'SUBSYSTEM=="memory", ENV{a}=="", ATTR{state}="online"';
  t.is(outcome(rules, {}, 'add', false), 'online or unchanged');
});

test('the same rules by guest, policy and event', (t) => {
  const rules =
    'SUBSYSTEM=="memory", CONST{arch}=="x86-64", CONST{virt}=="vmware|microsoft", ATTR{state}=="offline", ' +
    'ATTR{state}="online"';
  const cases: readonly [virt: string, arch: string, policy: Policy, action: Action, outcome: string][] = [
    ['vmware', 'x86_64', 'offline', 'add', 'online'],
    ['microsoft', 'amd64', 'offline', 'change', 'online'],
    ['kvm', 'x86-64', 'offline', 'add', 'unchanged'],
    ['vmware', 'aarch64', 'offline', 'add', 'unchanged'],
    ['vmware', 'x86_64', 'online', 'add', 'unchanged'],
    ['vmware', 'x86_64', 'offline', 'online', 'unchanged'],
    ['vmware', 'x86_64', 'offline', 'offline', 'online'],
  ];
  for (const [virt, arch, policy, action, wanted] of cases)
    t.is(outcome(rules, {virt, arch: archNamed(arch), policy}, action), wanted, `${virt} ${arch} ${policy} ${action}`);
});

test('files are applied one after the other, and a jump stays in its file', (t) => {
  const files = ['ENV{a}="online"\nGOTO="x"\n', 'LABEL="x"\nSUBSYSTEM=="memory", ATTR{state}="$env{a}"'].map(
    (text, i) => parseRules(`${i}.rules`, Buffer.from(text)),
  );
  t.deepEqual(effectOf(files, KVM, 'add', true).outcome, ['online']);
});
