/** Why udevadm and the lint may differ on a file: by the name of a strange one, or the end of a package's path. */
export const reasons: Readonly<Record<string, {readonly versions: readonly number[]; readonly because: string}>> = {
  'e with a surrogate': {
    versions: [257],
    because:
      'systemd 257 writes half of a surrogate pair as if it were a character; 262 refuses it, and the lint ' +
      'reads as the newest udevd does',
  },
};

/** The reason why the two differ; undefined where none is known. */
export function reasonFor(name: string, version: number): string | undefined {
  const reason =
    reasons[name] ?? Object.entries(reasons).find(([end]) => end.startsWith('/') && name.endsWith(end))?.[1];
  return reason?.versions.includes(version) ? reason.because : undefined;
}
