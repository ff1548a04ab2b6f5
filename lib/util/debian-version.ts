/**
 * Compares versions in Debian's order (deb-version(7), without an epoch): runs of digits by value, in other text `~`
 * before everything, even the end, and letters before the rest.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map(parts);
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i++) {
    const [one = '', other = ''] = [left?.[i], right?.[i]];
    const difference = i % 2 === 1 ? byValue(one, other) : byText(one, other);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

/** Text, digits, text, digits …, beginning with text. */
const parts = (version: string): string[] => version.split(/(\d+)/);

function byValue(a: string, b: string): number {
  const difference = BigInt(a || '0') - BigInt(b || '0');
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

function byText(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = rank(a[i]) - rank(b[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function rank(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  const code = character.charCodeAt(0);
  return /[A-Za-z]/.test(character) ? code : code + 256;
}
