import fc from 'fast-check';

/** What damages text: control characters, bytes that are no UTF-8 any more, line ends of others, numbers too large, keys that JavaScript knows. */
const NASTY = [
  '\0',
  '\r',
  '\r\n',
  '\n',
  '\t',
  ' ',
  ':',
  '-',
  '\u001B[31m',
  '\u001B]0;',
  '\uFFFD',
  '\u202E',
  '\u2028',
  '\uD800',
  '\u00A0',
  '٣',
  '0',
  '9'.repeat(17),
  '0x10',
  '1e9',
  '-1',
  'Infinity',
  'NaN',
  'ffffffffffffffff',
  '__proto__',
  'constructor',
  '@links',
  '@end',
  '../',
  '$(id)',
  '`id`',
  '"',
  "'",
  '{',
  ']',
  ',',
  '&a',
  '*a',
  '<<: ',
  '# ',
  '--- ',
];

/** Valid text with one to three things wrong in it: a part gone, doubled or replaced, the end cut off, something strange in between. */
export const damaged = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(text, fc.array(edit, {minLength: 1, maxLength: 3}))
    .map(([whole, edits]) => edits.reduce((left, change) => change(left), whole));

const place = fc.double({min: 0, max: 1, noNaN: true});
const strange = fc.oneof(fc.constantFrom(...NASTY), fc.string({unit: 'binary', maxLength: 6}), fc.nat().map(String));

const edit: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc.tuple(place, fc.nat(12)).map(
    ([at, length]) =>
      (text: string) =>
        text.slice(0, index(text, at)) + text.slice(index(text, at) + length),
  ),
  fc.tuple(place, strange).map(
    ([at, what]) =>
      (text: string) =>
        text.slice(0, index(text, at)) + what + text.slice(index(text, at)),
  ),
  fc.tuple(place, strange).map(
    ([at, what]) =>
      (text: string) =>
        text.slice(0, index(text, at)) + what + text.slice(index(text, at) + 1),
  ),
  place.map((at) => (text: string) => text.slice(0, index(text, at))),
  place.map((at) => (text: string) => onLine(text, at, (line) => [line, line])),
  place.map((at) => (text: string) => onLine(text, at, () => [])),
  fc.tuple(place, place).map(([at, other]) => (text: string) => {
    const lines = text.split('\n');
    return onLine(text, at, (line) => [line, lines[index(lines, other)] ?? '']);
  }),
);

const index = (whole: {length: number}, at: number): number =>
  Math.min(whole.length, Math.floor(at * (whole.length + 1)));

function onLine(text: string, at: number, change: (line: string) => string[]): string {
  const lines = text.split('\n');
  const i = Math.min(lines.length - 1, index(lines, at));
  return lines.toSpliced(i, 1, ...change(lines[i] ?? '')).join('\n');
}

/** What an action throws; undefined where it doesn't. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
