import type {Place, Word} from '../place.ts';

/** Words of a line as a shell and GRUB split it: by blanks, but not within quotes; quotes and backslashes are gone. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [piece] of text.matchAll(/\\(?:.|$)|'[^']*'?|"(?:\\.|[^"\\])*"?|[ \t]+|[^ \t\\'"]+/gs)) {
    if (/^[ \t]/.test(piece)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + unquoted(piece);
  }
  return word === undefined ? words : [...words, word];
}

function unquoted(piece: string): string {
  if (piece.startsWith('\\')) return piece.slice(1);
  if (piece.startsWith("'")) return piece.slice(1).replace(/'$/, '');
  return piece.startsWith('"')
    ? piece
        .slice(1)
        .replace(/(?<!\\)"$/, '')
        .replaceAll(/\\(["\\$`])/g, '$1')
    : piece;
}

/**
 * Words of a kernel command line as the kernel splits it: double quotes keep blanks together, and nothing else does.
 */
export const commandLineWords = (text: string, place: Place): Word[] =>
  (text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? []).map((word) => ({text: word, place}));

/** Variables with words as their values, as boot loaders' files have them. */
export type Variables = Map<string, readonly Word[]>;

/** Puts the words of variables in the place of `$NAME` and `${NAME}`. One that is not set is nothing. */
export function expanded(words: readonly Word[], variables: Variables): Word[] {
  return words.flatMap((word) => {
    const whole = /^\$\{?(\w+)\}?$/.exec(word.text)?.[1];
    if (whole !== undefined) return variables.get(whole) ?? [];
    const text = word.text.replaceAll(/\$\{(\w+)\}|\$(\w+)/g, (_, a: string | undefined, b: string | undefined) =>
      (variables.get(a ?? b ?? '') ?? []).map((one) => one.text).join(' '),
    );
    return [{...word, text}];
  });
}
