/**
 * Compares names of kernels as people count them: numbers by their value, and what comes before a release ("~rc1")
 * first.
 */
export function compareKernelNames(a: string, b: string): number {
  const [x, y] = [pieces(a), pieces(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i += 1) {
    const [p = '', q = ''] = [x[i], y[i]];
    if (p === q) continue;
    const number = /^\d+$/;
    if (number.test(p) && number.test(q)) {
      if (BigInt(p) !== BigInt(q)) return BigInt(p) < BigInt(q) ? -1 : 1;
    } else if (rank(p) !== rank(q)) return rank(p) - rank(q);
    else return p < q ? -1 : 1;
  }
  return 0;
}

const pieces = (release: string): string[] => release.match(/\d+|[a-z]+|~/gi) ?? [];

/** A release candidate comes before the end of a name, and anything else after it. */
const rank = (piece: string): number =>
  piece === '~' || piece === 'rc' ? 0 : piece === '' ? 1 : /^\d/.test(piece) ? 3 : 2;

/** The version in a kernel's name: [6, 1]. */
export function versionOf(release: string): readonly [number, number] {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return [Number(major), Number(minor)];
}

/** Whether a kernel is of a version or a newer one. RHEL's kernels have much that their version has not. */
export function isSince(release: string, major: number, minor: number): boolean {
  const [a, b] = versionOf(release);
  return a > major || (a === major && b >= minor);
}

/** Whether the kernel takes four words for its policy, or only online and offline: since 5.7, and in all of RHEL 8. */
export const hasFourPolicies = (release: string): boolean => isSince(release, 5, 7) || /\.el8/.test(release);
