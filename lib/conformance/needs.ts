import type {GuestFacts} from '../machine/bring-up.ts';

/**
 * What a case needs of its guest: a feature by name, a kernel option (`config:CONFIG_X`), a command
 * (`command:perl`) or a kernel version (`kernel>=5.15`).
 */
export type Need = keyof typeof features | `config:${string}` | `command:${string}` | `kernel>=${string}` | `kernel<${string}`;

type Absent = string | undefined;

const features = {
  'memory-hotplug': (facts: GuestFacts): Absent =>
    option(facts, 'CONFIG_MEMORY_HOTPLUG') ?? option(facts, 'CONFIG_ACPI_HOTPLUG_MEMORY'),
  'memory-hotremove': (facts: GuestFacts): Absent => option(facts, 'CONFIG_MEMORY_HOTREMOVE'),
  numa: (facts: GuestFacts): Absent => option(facts, 'CONFIG_NUMA'),
  'kernel-config': (facts: GuestFacts): Absent => (facts.config === null ? "the guest keeps no copy of its kernel's config" : undefined),
} as const;

/** The first need that the guest doesn't meet, as a reason for people; undefined where all are met. */
export function absentNeed(needs: readonly Need[], facts: GuestFacts): string | undefined {
  for (const need of needs) {
    const reason = absent(need, facts);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function absent(need: Need, facts: GuestFacts): Absent {
  if (need in features) return features[need as keyof typeof features](facts);
  const [, kind = '', value = ''] = /^(config:|command:|kernel>=|kernel<)(.+)$/.exec(need) ?? [];
  if (kind === 'config:') return option(facts, value);
  if (kind === 'command:') return facts.commands.includes(value) ? undefined : `the guest has no command ${value}`;
  const newer = compareKernels(facts.kernel, value) >= 0;
  if (kind === 'kernel>=') return newer ? undefined : `kernel ${facts.kernel} is older than ${value}`;
  if (kind === 'kernel<') return newer ? `kernel ${facts.kernel} is not older than ${value}` : undefined;
  throw new Error(`unknown need "${need}"`);
}

/** A guest that keeps no copy of its kernel's config is taken to have the option: the case itself will show. */
function option(facts: GuestFacts, name: string): Absent {
  if (facts.config === null || facts.config[name] !== undefined) return undefined;
  return `the guest's kernel is built without ${name}`;
}

/** Compares the numbers at the beginning of two releases: `6.12.9-amd64` and `6.2`. */
export function compareKernels(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (/^\d+(?:\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}
