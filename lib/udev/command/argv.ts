/** The words of a command as udevd splits it (extract-word.c, EXTRACT_UNQUOTE and RETAIN_ESCAPE): only quotes count. */
export function argvOf(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (const c of command) {
    if (quote !== '') {
      if (c === quote) quote = '';
      else word = (word ?? '') + c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= '';
    } else if (/[ \t\n\r]/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + c;
  }
  return word === undefined ? words : [...words, word];
}

/** Signs that only a shell understands, among the words of a command without one. */
export function shellSigns(argv: readonly string[]): string[] {
  if (isShell(argv[0] ?? '')) return [];
  return [
    ...new Set(
      argv
        .slice(1)
        .flatMap(
          (word) =>
            /^(?:\d?>>?|\d?>&\d|<|\||\|\||&&?|;)$/.exec(word)?.[0] ??
            /^\d?>>?(?=\/)/.exec(word)?.[0] ??
            (/.;$/.test(word) ? ';' : []),
        ),
    ),
  ];
}

/** A program that runs a script. */
export const isShell = (program: string): boolean => /(^|\/)(ba|da|z|k|mk|a)?sh$/.test(program);
