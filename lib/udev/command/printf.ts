const ESCAPES: Readonly<Record<string, string>> = {n: '\n', t: '\t', r: '\r', '\\': '\\'};

/** What printf(1) prints: %s, %d, %b and %%, and the usual escapes. */
export function printfText(format: string, args: readonly string[]): string {
  const left = [...args];
  let text = '';
  for (let round = 0; round === 0 || (left.length > 0 && round < 64); round += 1) {
    const before = left.length;
    text += format.replaceAll(/%%|%[-0-9.]*([sdb])|\\([ntr\\])/g, (all, kind?: string, escape?: string) => {
      if (escape !== undefined) return ESCAPES[escape] ?? all;
      return kind === undefined ? '%' : (left.shift() ?? (kind === 'd' ? '0' : ''));
    });
    if (left.length === before) break;
  }
  return text;
}
