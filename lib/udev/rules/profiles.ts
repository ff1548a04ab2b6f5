import type {Policy} from '../guest.ts';

/**
 * What becomes of a plugged block: the word that rules write, or `unchanged` where it is as the kernel's policy has it.
 */
export type Outcome = 'online' | 'online_kernel' | 'online_movable' | 'offline' | 'unchanged';

/** Neither on s390x nor on ppc64; movable on bare metal only. */
const RHEL_8 = `SUBSYSTEM!="memory", GOTO="plugged_memory_done"
ACTION!="add", GOTO="plugged_memory_done"
CONST{arch}=="s390*", GOTO="plugged_memory_done"
CONST{arch}=="ppc64*", GOTO="plugged_memory_done"

ENV{.state}="online"
CONST{virt}=="none", ENV{.state}="online_movable"
ATTR{state}=="offline", ATTR{state}="$env{.state}"

LABEL="plugged_memory_done"
`;

/** Rules with the effect of a distribution's, in our own words, and what they do to a QEMU or KVM guest of x86_64. */
export interface RuleProfile {
  readonly name: string;
  /** Whose rules have this effect. */
  readonly title: string;
  /** The file's name, and the directory where the distribution has it. */
  readonly file: string;
  readonly directory: '/usr/lib/udev/rules.d' | '/etc/udev/rules.d';
  readonly rules: string;
  /** By the kernel's policy (auto_online_blocks), for a block that was plugged. */
  readonly plugged: Readonly<Record<Policy, readonly Outcome[]>>;
  /** For a block that somebody sets offline: whether it stays offline. */
  readonly offlined: Outcome;
}

/** The rule onlines where the kernel does not: a kernel that does is always first. */
const always = (word: Outcome): RuleProfile['plugged'] => ({
  offline: [word],
  online: ['unchanged'],
  online_kernel: ['unchanged'],
  online_movable: ['unchanged'],
});

const never: RuleProfile['plugged'] = {
  offline: ['unchanged'],
  online: ['unchanged'],
  online_kernel: ['unchanged'],
  online_movable: ['unchanged'],
};

const usr = '/usr/lib/udev/rules.d';

/** The line of RHEL 7.2 to 7.5, as the oVirt document quotes it. */
const RHEL73 =
  'SUBSYSTEM=="memory", ACTION=="add", PROGRAM="/bin/uname -p", RESULT!="s390*", ATTR{state}=="offline", ' +
  'ATTR{state}="online"';

export const profiles: readonly RuleProfile[] = [
  {
    name: 'rhel-7.3',
    title: 'RHEL 7.2 to 7.5',
    file: '40-redhat.rules',
    directory: usr,
    rules: `# A plugged memory block goes online, but on s390.\n${RHEL73}\n`,
    plugged: always('online'),
    offlined: 'unchanged',
  },
  {
    name: 'rhel-7.6-ga',
    title: 'RHEL 7.6 as it was first released',
    file: '40-redhat.rules',
    directory: usr,
    rules: `# One GOTO with two conditions: it jumps only where neither the subsystem nor the action is the right one.
SUBSYSTEM!="memory", ACTION!="add", GOTO="plugged_memory_done"
PROGRAM="/bin/uname -p", RESULT=="s390*", GOTO="plugged_memory_done"

ENV{.state}="online"
PROGRAM="/bin/systemd-detect-virt", RESULT=="none", ENV{.state}="online_movable"
ATTR{state}=="offline", ATTR{state}="$env{.state}"

LABEL="plugged_memory_done"
`,
    plugged: always('online'),
    offlined: 'online',
  },
  {
    name: 'rhel-7.6',
    title: 'RHEL 7.6 with updates, RHEL 7.7',
    file: '40-redhat.rules',
    directory: usr,
    rules: `SUBSYSTEM!="memory", GOTO="plugged_memory_done"
ACTION!="add", GOTO="plugged_memory_done"
PROGRAM="/bin/uname -p", RESULT=="s390*", GOTO="plugged_memory_done"

# Guests get it into the kernel's zone, machines into Movable.
ENV{.state}="online"
PROGRAM="/bin/systemd-detect-virt", RESULT=="none", ENV{.state}="online_movable"
ATTR{state}=="offline", ATTR{state}="$env{.state}"

LABEL="plugged_memory_done"
`,
    plugged: always('online'),
    offlined: 'unchanged',
  },
  {
    name: 'rhel-8',
    title: 'RHEL 8.1 to 8.10 and 9, and their rebuilds',
    file: '40-redhat.rules',
    directory: usr,
    rules: RHEL_8,
    plugged: always('online'),
    offlined: 'unchanged',
  },
  {
    name: 'rhel-10',
    title: 'RHEL 10',
    file: '40-redhat-hotplug.rules',
    directory: usr,
    rules: `# As in RHEL 9, in a file of its own.
${RHEL_8}`,
    plugged: always('online'),
    offlined: 'unchanged',
  },
  {
    name: 'sles-12',
    title: 'SLES 12 SP3 and 15 as first released',
    file: '80-hotplug-cpu-mem.rules',
    directory: usr,
    rules: `# Not under z/VM. Where there is no hypervisor, systemd-detect-virt fails, and the rule with it.
SUBSYSTEM=="memory", ACTION=="add", PROGRAM=="/usr/bin/systemd-detect-virt", RESULT!="zvm", \\
  ATTR{state}=="offline", ATTR{state}="online"
`,
    plugged: always('online'),
    offlined: 'unchanged',
  },
  {
    name: 'sles-15',
    title: 'SLES 15 with updates, openSUSE',
    file: '80-hotplug-cpu-mem.rules',
    directory: usr,
    rules: `ACTION!="add", GOTO="hotplug_done"

# A tmpfs whose size is a part of the memory learns of the new memory when it is mounted again. The shell's quote is never closed.
SUBSYSTEM=="memory", CONST{arch}!="s390x", ATTR{state}=="offline", ATTR{state}="online", \\
  RUN+="/bin/sh -c 'while read -r what where type rest; do [ $$type != tmpfs ] || mount -o remount $$where; done < /proc/self/mounts"

LABEL="hotplug_done"
`,
    plugged: always('online'),
    offlined: 'unchanged',
  },
  {
    name: 'ubuntu',
    title: 'Ubuntu 16.04 to 26.04',
    file: '40-vm-hotadd.rules',
    directory: usr,
    rules: `# For guests of Hyper-V and Xen alone: a guest of QEMU has another vendor.
ATTR{[dmi/id]sys_vendor}=="Microsoft Corporation", ATTR{[dmi/id]product_name}=="Virtual Machine", GOTO="hotadd"
ATTR{[dmi/id]sys_vendor}=="Xen", GOTO="hotadd"
GOTO="hotadd_done"

LABEL="hotadd"
SUBSYSTEM=="memory", ACTION=="add", DEVPATH=="/devices/system/memory/memory[0-9]*", TEST=="state", ATTR{state}!="online", ATTR{state}="online"

LABEL="hotadd_done"
`,
    plugged: never,
    offlined: 'unchanged',
  },
  {
    name: 'openeuler',
    title: 'openEuler',
    file: '40-openEuler.rules',
    directory: usr,
    rules: `# The GOTO of RHEL 7.6 as first released, without its difference between guests and machines.
SUBSYSTEM!="memory", ACTION!="add", GOTO="plugged_memory_done"
PROGRAM="/bin/uname -p", RESULT=="s390*", GOTO="plugged_memory_done"

ENV{.state}="online"
ATTR{state}=="offline", ATTR{state}="$env{.state}"

LABEL="plugged_memory_done"
`,
    plugged: always('online'),
    offlined: 'online',
  },
  {
    name: 'ovirt-override',
    title: "oVirt's copy of the file of RHEL 7.3",
    file: '40-redhat.rules',
    directory: '/etc/udev/rules.d',
    rules: `# A plugged memory block stays as the kernel leaves it.\n# ${RHEL73}\n`,
    plugged: never,
    offlined: 'unchanged',
  },
];
