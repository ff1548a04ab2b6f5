import {readFileSync} from 'node:fs';
import type {GuestFacts} from '../../machine/bring-up.ts';
import type {Accel} from '../../machine/board/board.ts';
import {migratesWhatIsWritten} from '../../machine/live.ts';
import {compareReleases} from '../../util/releases.ts';

export {compareReleases};

/**
 * What a case needs: a feature of the guest by name, a kernel option (`config:CONFIG_X`; `config:CONFIG_X|CONFIG_Y` where
 * one of them is enough), a command (`command:perl`), a kernel version (`kernel>=5.15`), an architecture (`arch:arm64`),
 * a QEMU version (`qemu>=8.1`), a `disk`, a QEMU that can migrate a guest while it runs (`live-migration`), or free huge pages on the host, of that many KiB and that many of them
 * (`host-hugepages:2048x64`).
 */
export type Need =
  | keyof typeof features
  | 'disk'
  | 'live-migration'
  | `config:${string}`
  | `command:${string}`
  | `kernel${'>=' | '<'}${string}`
  | `arch:${string}`
  | `qemu${'>=' | '<'}${string}`
  | `host-hugepages:${number}x${number}`;

/** What a case runs on. */
export interface Surroundings {
  readonly facts: GuestFacts;
  /** The guest's architecture in Debian's words: amd64. */
  readonly arch: string;
  /** QEMU's version. */
  readonly qemu: string;
  readonly accel: Accel;
  /** Has the guest a disk? */
  readonly disk?: boolean;
}

type Absent = string | undefined;

const features = {
  'memory-hotplug': (facts: GuestFacts): Absent =>
    option(facts, 'CONFIG_MEMORY_HOTPLUG') ?? option(facts, 'CONFIG_ACPI_HOTPLUG_MEMORY'),
  'memory-hotremove': (facts: GuestFacts): Absent => option(facts, 'CONFIG_MEMORY_HOTREMOVE'),
  numa: (facts: GuestFacts): Absent => option(facts, 'CONFIG_NUMA'),
  /** The kernel can tell who onlines memory: watchOnlining of lib/conformance/udev/attribution.ts. */
  kprobes: (facts: GuestFacts): Absent => option(facts, 'CONFIG_KPROBE_EVENTS'),
  /** memhp's shells come back by themselves after a boot: a connection by ssh would have to be made anew. */
  'port-shell': (facts: GuestFacts): Absent =>
    facts.shell === 'ssh' ? 'the guest is talked to by ssh, and a boot ends the connection' : undefined,
  'kernel-config': (facts: GuestFacts): Absent =>
    facts.config === null ? "the guest keeps no copy of its kernel's config" : undefined,
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
const VALUED = /^(config:|command:|kernel>=|kernel<|arch:|qemu>=|qemu<|host-hugepages:)(.+)$/;

/** Is it a need that there is? */
export const isNeed = (need: string): boolean =>
  need === 'disk' || need === 'live-migration' || Object.hasOwn(features, need) || VALUED.test(need);

function absent(need: Need, {facts, arch, qemu, accel, disk}: Surroundings): Absent {
  if (need === 'disk') return disk === true ? undefined : 'the guest has no disk';
  if (need === 'live-migration')
    return migratesWhatIsWritten({accel})
      ? undefined
      : 'QEMU under TCG loses what a guest writes while it is migrated: this needs KVM';
  if (need in features) return features[need as keyof typeof features](facts);
  const [, kind = '', value = ''] = VALUED.exec(need) ?? [];
  if (kind === 'config:') return oneOption(facts, value.split('|'));
  if (kind === 'command:') return facts.commands.includes(value) ? undefined : `the guest has no command ${value}`;
  if (kind === 'arch:') return arch === value ? undefined : `the guest is ${arch}; this is about ${value}`;
  if (kind === 'host-hugepages:') {
    const [kib = '', count = ''] = value.split('x');
    return freeHugePages(kib) >= Number(count)
      ? undefined
      : `the host has fewer than ${count} free huge pages of ${kib} KiB`;
  }
  const [what, version] = kind.startsWith('qemu') ? ['QEMU', qemu] : ['kernel', facts.kernel];
  const newer = compareReleases(version, value) >= 0;
  if (kind.endsWith('>=')) return newer ? undefined : `${what} ${version} is older than ${value}`;
  if (kind.endsWith('<')) return newer ? `${what} ${version} is not older than ${value}` : undefined;
  throw new Error(`unknown need "${need}"`);
}

function oneOption(facts: GuestFacts, names: readonly string[]): Absent {
  const reasons = names.map((name) => option(facts, name));
  return reasons.includes(undefined) ? undefined : reasons.join('; ');
}

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
