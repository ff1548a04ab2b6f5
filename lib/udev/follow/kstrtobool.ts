/**
 * What lib/kstrtox.c's kstrtobool() takes for yes and no: it looks at the first character, of "on" and "off" at two.
 * 5.18 (0d6ea3ac94ca) has added t and f, 6.14 e and d ("enabled", "disabled").
 */
export function kstrtobool(word: string, kernel: string | undefined): boolean | undefined {
  const [first = '', second = ''] = word.toLowerCase();
  const since = (major: number, minor: number): boolean => isFrom(kernel, major, minor);
  if (first === 'y' || first === '1' || (first === 't' && since(5, 18)) || (first === 'e' && since(6, 14))) return true;
  if (first === 'n' || first === '0' || (first === 'f' && since(5, 18)) || (first === 'd' && since(6, 14)))
    return false;
  return first === 'o' && (second === 'n' || second === 'f') ? second === 'n' : undefined;
}

/** Whether a kernel (`uname -r`) is that version or newer; one that isn't named is the newest. */
export function isFrom(kernel: string | undefined, major: number, minor: number): boolean {
  const [, a, b] = /^(\d+)\.(\d+)/.exec(kernel ?? '') ?? [];
  if (a === undefined || b === undefined) return true;
  return Number(a) > major || (Number(a) === major && Number(b) >= minor);
}
