const STABLE = ['bullseye', 'bookworm', 'trixie'];

/** The suites that kernels come from; a mirror need not have all. */
export const SUITES: readonly string[] = [
  ...STABLE.flatMap((name) => [name, `${name}-updates`, `${name}-backports`, `${name}-security`]),
  'sid',
];

/** What an archive of Debian's calls its suites as they grow old. */
export const ALIASES: readonly string[] = ['oldoldstable', 'oldstable', 'stable', 'testing', 'unstable'];
