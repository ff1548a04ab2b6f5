import {readFileSync} from 'node:fs';
import {ARCHES} from '../../image/image.ts';
import {COMMANDS, type GuestFacts} from '../../machine/bring-up.ts';
import {VMMS} from '../../vmm/vmm.ts';
import type {Accel, GuestBoard} from '../../machine/board/board.ts';
import {migratesWhatIsWritten} from '../../machine/live.ts';
import {kindOf, kinds, lackOf, type AnyDeviceSpec} from '../../vmm/qemu/devices/devices.ts';
import {compareReleases} from '../../util/releases.ts';

export {compareReleases};

/**
 * What a case needs: a feature of the guest by name, a kernel option (`config:CONFIG_X`; `config:CONFIG_X|CONFIG_Y`
 * where one of them is enough; `lacks:CONFIG_X` for a case about kernels without it), a command (`command:perl`), a kernel version (`kernel>=5.15`), an architecture
 * (`arch:arm64`), a memory device that machine and kernel can have (`device:dimm`, `device:virtio-mem`,
 * `device:balloon`), a hypervisor of which the case uses what it alone has (`vmm:qemu`), its version (`qemu>=8.1`),
 * that guests hear of DIMMs by `acpi` or `dlpar`, that a DIMM's blocks are one `memory-group`, a block that two zones share (`mixed-block`), a `disk`, a QEMU that can migrate a guest while it runs (`live-migration`), or
 * free huge pages on the host, of that many KiB and that many of them (`host-hugepages:2048x64`).
 */
export type Need =
  | keyof typeof features
  | `config:${string}`
  | `lacks:${string}`
  | `command:${string}`
  | `kernel${'>=' | '<'}${string}`
  | `arch:${string}`
  | `device:${AnyDeviceSpec['kind']}`
  | `vmm:${(typeof VMMS)[number]}`
  | `qemu${'>=' | '<'}${string}`
  | `host-hugepages:${number}x${number}`;

/** What a case runs on. */
export interface Surroundings {
  readonly facts: GuestFacts;
  readonly board: GuestBoard;
  /** Name of the hypervisor, its version, and the models of memory devices that it has, if it was asked. */
  readonly vmm: {readonly name: string; readonly version: string; readonly models?: readonly string[] | undefined};
  readonly accel: Accel;
  /** How many NUMA nodes its machine has. */
  readonly nodes?: number;
  /** Has the guest a disk? */
  readonly disk?: boolean;
}

type Absent = string | undefined;

const features = {
  'memory-hotplug': ({facts}: Surroundings): Absent => option(facts, 'CONFIG_MEMORY_HOTPLUG'),
  'memory-hotremove': ({facts}: Surroundings): Absent => option(facts, 'CONFIG_MEMORY_HOTREMOVE'),
  /** The kernel has the nodes of its machine: numa/at-boot says where it gives them up. */
  numa: ({facts, nodes = 1}: Surroundings): Absent =>
    option(facts, 'CONFIG_NUMA') ??
    (facts.nodes !== undefined && nodesIn(facts.nodes) < nodes
      ? `the machine has ${nodes} NUMA nodes, and the guest's kernel has given them up: its possible nodes are ${facts.nodes}`
      : undefined),
  /** The kernel can tell who onlines memory: watchOnlining of lib/conformance/udev/attribution.ts. */
  kprobes: ({facts}: Surroundings): Absent => option(facts, 'CONFIG_KPROBE_EVENTS'),
  /** memhp's shells come back by themselves after a boot: a connection by ssh would have to be made anew. */
  'port-shell': ({facts}: Surroundings): Absent =>
    facts.shell === 'ssh' ? 'the guest is talked to by ssh, and a boot ends the connection' : undefined,
  'kernel-config': ({facts}: Surroundings): Absent =>
    facts.config === null ? "the guest keeps no copy of its kernel's config" : undefined,
  acpi: ({board}: Surroundings): Absent =>
    board.dimms === 'acpi' ? undefined : `guests of ${board.arch} don't hear of DIMMs by ACPI`,
  /** Kernel memory comes from plugged memory first: its zone is above that of boot memory. */
  'zone-above-boot': ({board}: Surroundings): Absent => board.oneKernelZone,
  dlpar: ({board}: Surroundings): Absent =>
    board.dimms === 'dlpar' ? undefined : `guests of ${board.arch} don't hear of DIMMs by DLPAR`,
  /** auto-movable judges a DIMM as a whole. */
  'memory-group': ({board}: Surroundings): Absent => board.ungrouped,
  /** Blocks of a plugged DIMM come up as auto_online_blocks says. */
  'onlining-policy': ({board}: Surroundings): Absent =>
    board.dimms === 'dlpar'
      ? `${board.arch}'s kernel onlines a plugged DIMM by itself, whatever auto_online_blocks says (DLPAR)`
      : undefined,
  /** Two zones of boot memory meet inside of a block. */
  'mixed-block': ({board: {arch, lowestZoneEnd, blockSize}}: Surroundings): Absent =>
    lowestZoneEnd % blockSize(0).value === 0 ? `on ${arch} no block of boot memory is shared by zones` : undefined,
  disk: ({disk}: Surroundings): Absent => (disk === true ? undefined : 'the guest has no disk'),
  'live-migration': ({accel}: Surroundings): Absent =>
    migratesWhatIsWritten({accel})
      ? undefined
      : 'QEMU under TCG loses what a guest writes while it is migrated: this needs KVM',
} as const;

/** The first need that the guest doesn't meet, as a reason for people; undefined where all are met. */
export function absentNeed(needs: readonly Need[], surroundings: Surroundings): string | undefined {
  for (const need of needs) {
    const reason = absent(need, surroundings);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The needs that have a value. */
const VALUED = /^(config:|lacks:|command:|kernel>=|kernel<|arch:|device:|vmm:|qemu>=|qemu<|host-hugepages:)(.+)$/;

/** Is it a need that there is? */
export const isNeed = (need: string): boolean =>
  Object.hasOwn(features, need) || (VALUED.test(need) && (all(need)?.includes(need) ?? true));

/** Of a need that names one of several things all that there are; undefined of others. */
function all(need: string): readonly string[] | undefined {
  const prefix = /^\w+:/.exec(need)?.[0] ?? '';
  const names = {'device:': kinds.map(({kind}) => kind), 'arch:': ARCHES, 'vmm:': VMMS, 'command:': COMMANDS}[prefix];
  return names?.map((name) => `${prefix}${name}`);
}

function absent(need: Need, surroundings: Surroundings): Absent {
  if (need in features) return features[need as keyof typeof features](surroundings);
  const {facts, board, vmm} = surroundings;
  const [, kind = '', value = ''] = VALUED.exec(need) ?? [];
  if (kind === 'config:') return oneOption(facts, value.split('|'));
  if (kind === 'lacks:') return withOption(facts, value);
  if (kind === 'command:') return facts.commands.includes(value) ? undefined : `the guest has no command ${value}`;
  if (kind === 'arch:') return board.arch === value ? undefined : `the guest is ${board.arch}; this is about ${value}`;
  if (kind === 'device:') return withoutDevice(value, surroundings);
  if (kind === 'vmm:') return vmm.name === value ? undefined : `the guest runs in ${vmm.name}; this is about ${value}`;
  if (kind === 'host-hugepages:') {
    const [kib = '', count = ''] = value.split('x');
    return freeHugePages(kib) >= Number(count)
      ? undefined
      : `the host has fewer than ${count} free huge pages of ${kib} KiB`;
  }
  if (kind.startsWith('qemu') && vmm.name !== 'qemu') return `the guest runs in ${vmm.name}; this is about QEMU`;
  const [what, version] = kind.startsWith('qemu') ? ['QEMU', vmm.version] : ['kernel', facts.kernel];
  const newer = compareReleases(version, value) >= 0;
  if (kind.endsWith('>=')) return newer ? undefined : `${what} ${version} is older than ${value}`;
  if (kind.endsWith('<')) return newer ? `${what} ${version} is not older than ${value}` : undefined;
  throw new Error(`unknown need "${need}"`);
}

/** Why there is no memory device of a kind: the machine has none, or the guest's kernel can't use it. */
function withoutDevice(kind: string, {facts, board, vmm}: Surroundings): Absent {
  const device = kindOf({kind, id: ''});
  return (
    lackOf(device, {...board, models: vmm.models}) ??
    device
      .config(board)
      .map((name) => option(facts, name))
      .find((reason) => reason !== undefined)
  );
}

function oneOption(facts: GuestFacts, names: readonly string[]): Absent {
  const reasons = names.map((name) => option(facts, name));
  return reasons.includes(undefined) ? undefined : reasons.join('; ');
}

/** Why a case about a kernel without an option says nothing here; a config that isn't known may have it. */
function withOption({config}: GuestFacts, name: string): Absent {
  if (config === null) return "the guest keeps no copy of its kernel's config";
  return config[name] === undefined ? undefined : `the guest's kernel is built with ${name}`;
}

/** How many nodes a mask names: `0-1,3`. */
const nodesIn = (mask: string): number =>
  mask.split(',').reduce((sum, range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return sum + to - from + 1;
  }, 0);

/** Free huge pages of that size on the host; 0 where it knows no such size. */
function freeHugePages(kib: string): number {
  try {
    return Number(readFileSync(`/sys/kernel/mm/hugepages/hugepages-${kib}kB/free_hugepages`, 'utf8'));
  } catch {
    return 0;
  }
}

/** A guest that keeps no copy of its kernel's config is taken to have the option: the case itself will show. */
function option(facts: GuestFacts, name: string): Absent {
  if (facts.config === null || facts.config[name] !== undefined) return undefined;
  return `the guest's kernel is built without ${name}`;
}
