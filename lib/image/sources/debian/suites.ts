const STABLE = ['bullseye', 'bookworm', 'trixie'];

/** The suites that kernels come from; a mirror need not have all. */
export const SUITES: readonly string[] = [
  ...STABLE.flatMap((name) => [name, `${name}-updates`, `${name}-backports`, `${name}-security`]),
  'sid',
];

/** What an archive of Debian's calls its suites as they grow old. */
export const ALIASES: readonly string[] = ['oldoldstable', 'oldstable', 'stable', 'testing', 'unstable'];

/**
 * What QEMU can be taken from: a release, the same with its backports, or sid. Not bullseye: its QEMU looks for firmware
 * and modules nowhere but in the host.
 */
export const SYSTEMS: readonly string[] = [...STABLE.slice(1).flatMap((name) => [name, `${name}-backports`]), 'sid'];

/** The suites that such a system takes its packages from. */
export function suitesOf(system: string): string[] {
  const release = system.replace(/-backports$/, '');
  if (!STABLE.includes(release)) return [system];
  const own = [release, `${release}-updates`, `${release}-security`];
  return system === release ? own : [...own, system];
}
