/** Compares the numbers at the beginning of two releases: `6.12.9-amd64` and `6.2`. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (/^\d+(?:\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}
