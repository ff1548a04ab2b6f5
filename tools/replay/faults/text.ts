import {REFUSAL, tellsError, withOtherError} from './errno-words.ts';

/** A text with one thing wrong in it. */
export interface WrongText {
  readonly about: string;
  readonly text: string;
}

/** Longer texts are wrong in so many places only, half of them at the beginning and half at the end. */
const PLACES = 48;
const some = <T>(places: readonly T[]): readonly T[] =>
  places.length <= PLACES ? places : [...places.slice(0, PLACES / 2), ...places.slice(-PLACES / 2)];

/** Words that say the opposite, or name the other one of two. */
const OTHER: Readonly<Record<string, string>> = {
  online: 'offline',
  offline: 'online',
  'going-offline': 'online',
  add: 'remove',
  remove: 'add',
  Movable: 'Normal',
  Normal: 'Movable',
  DMA32: 'Normal',
  none: 'Normal',
  yes: 'no',
  no: 'yes',
  Y: 'N',
  N: 'Y',
  true: 'false',
  false: 'true',
  on: 'off',
  off: 'on',
  enabled: 'disabled',
  disabled: 'enabled',
  always: 'never',
  never: 'always',
  same: 'differs',
  intact: 'lost',
  active: 'inactive',
  inactive: 'active',
  'contig-zones': 'auto-movable',
  'auto-movable': 'contig-zones',
};
const OTHER_WORDS = new RegExp(`(?<![\\w-])(?:${Object.keys(OTHER).join('|')})(?![\\w-])`);

/** Each line that `edit` changes, one at a time; `undefined` leaves a line as it is. */
function* eachLine(text: string, edit: (line: string) => string | undefined): Iterable<WrongText> {
  const lines = text.split('\n');
  const changes = lines
    .map((line, i) => ({i, changed: edit(line)}))
    .filter(({i, changed}) => changed !== undefined && changed !== lines[i]);
  for (const {i, changed = ''} of some(changes))
    yield {about: `line ${i + 1}`, text: lines.with(i, changed).join('\n')};
}

/** Each number of a text, one at a time, replaced. */
function* eachNumber(text: string, replace: (digits: string) => string): Iterable<WrongText> {
  const numbers = [...text.matchAll(/(?<![\w.])\d+(?!\w)/g)].map((match, i) => ({
    i,
    start: match.index,
    digits: match[0],
  }));
  for (const {i, start, digits} of some(numbers)) {
    const changed = replace(digits);
    if (changed !== digits)
      yield {about: `number ${i + 1}`, text: text.slice(0, start) + changed + text.slice(start + digits.length)};
  }
}

export const numberOff = (text: string): Iterable<WrongText> =>
  eachNumber(text, (digits) => String(BigInt(digits) + 1n));
export const numberZero = (text: string): Iterable<WrongText> => eachNumber(text, () => '0');
export const numberDouble = (text: string): Iterable<WrongText> =>
  eachNumber(text, (digits) => String(BigInt(digits) * 2n));

/** Each line that isn't empty, one at a time, as so many lines as `times` says. */
function* eachLineTimes(text: string, times: 0 | 2): Iterable<WrongText> {
  const lines = text.split('\n');
  const places = [...lines.keys()].filter((i) => lines[i]?.trim() !== '');
  for (const i of some(places))
    yield {
      about: `line ${i + 1}`,
      text: lines.toSpliced(i, 1, ...Array.from({length: times}, () => lines[i] ?? '')).join('\n'),
    };
}

export const lineMissing = (text: string): Iterable<WrongText> => eachLineTimes(text, 0);
export const lineTwice = (text: string): Iterable<WrongText> => eachLineTimes(text, 2);

/** Each line of a text that has a word of OTHER, with the other one. */
export const otherWord = (text: string): Iterable<WrongText> =>
  eachLine(text, (line) =>
    OTHER_WORDS.test(line) ? line.replace(OTHER_WORDS, (word) => OTHER[word] ?? word) : undefined,
  );

/** Each line with another beginning: the digit or letter after its own. */
export const otherCharacter = (text: string): Iterable<WrongText> =>
  eachLine(text, (line) =>
    line.replace(/[0-9a-zA-Z]/, (char) =>
      char === '9'
        ? '8'
        : char.toLowerCase() === 'z'
          ? 'y'
          : char.toLowerCase() === 'f'
            ? 'e'
            : String.fromCharCode(char.charCodeAt(0) + 1),
    ),
  );

/** Each line that tells of an error says that there was none; the scripts of `writeTexts` print `none` then. */
export const refusalGone = (text: string): Iterable<WrongText> =>
  eachLine(text, (line) => (tellsError(line) ? 'none' : undefined));

/** Each line `none` tells of an error instead. */
export const refusalMadeUp = (text: string): Iterable<WrongText> =>
  eachLine(text, (line) => (line === 'none' ? REFUSAL : undefined));

/** Each line that tells of an error tells of another one. */
export const otherError = (text: string): Iterable<WrongText> =>
  eachLine(text, (line) => (tellsError(line) ? withOtherError(line) : undefined));
