const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[a-z0-9]/i,
  alpha: /[a-z]/i,
  blank: /[ \t]/,
  cntrl: /\p{Cc}/u,
  digit: /\d/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\r\f\v]/,
  upper: /[A-Z]/,
  xdigit: /[\da-f]/i,
};

/**
 * fnmatch(3) without flags, in the C locale. Takes time in proportion to both lengths at worst, whatever the pattern.
 */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let starText = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p;
      starText = t;
      p += 1;
      continue;
    }
    const next = p < pattern.length ? one(pattern, p, text[t] ?? '') : -1;
    if (next >= 0) {
      p = next;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      starText += 1;
      t = starText;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** Where the pattern goes on when its element at `p` takes the character; -1 when it does not. */
function one(pattern: string, p: number, c: string): number {
  const element = pattern[p];
  if (element === '?') return p + 1;
  if (element === '\\' && p + 1 < pattern.length) return pattern[p + 1] === c ? p + 2 : -1;
  if (element === '[') {
    const set = bracket(pattern, p, c);
    if (set) return set.takes ? set.end : -1;
  }
  return element === c ? p + 1 : -1;
}

/** A bracket expression; nothing where the bracket is never closed and so is a character like others. */
function bracket(pattern: string, p: number, c: string): {takes: boolean; end: number} | undefined {
  const negated = pattern[p + 1] === '!' || pattern[p + 1] === '^';
  const first = p + (negated ? 2 : 1);
  let takes = false;
  for (let i = first; i < pattern.length;) {
    if (pattern[i] === ']' && i > first) return {takes: takes !== negated, end: i + 1};
    const named = pattern.startsWith('[:', i) ? /^\[:([a-z]+):\]/.exec(pattern.slice(i, i + 12)) : null;
    if (named) {
      takes ||= CLASSES[named[1] ?? '']?.test(c) ?? false;
      i += named[0].length;
      continue;
    }
    if (pattern[i] === '\\') i += 1;
    const low = pattern[i] ?? '';
    if (pattern[i + 1] === '-' && pattern[i + 2] !== ']' && i + 2 < pattern.length) {
      const high = pattern[i + 2] === '\\' ? i + 3 : i + 2;
      takes ||= low <= c && c <= (pattern[high] ?? '');
      i = high + 1;
    } else {
      takes ||= low === c;
      i += 1;
    }
  }
  return undefined;
}
