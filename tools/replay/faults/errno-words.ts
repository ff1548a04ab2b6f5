import {errorWords} from '../../../lib/guest/write.ts';

/** What a shell prints when a write is refused. */
export const REFUSAL = 'sh: line 1: echo: write error: Device or resource busy';

/** Does the line tell of an error? */
export const tellsError = (line: string): boolean => errorWords(line) !== undefined;

/** The line with another error in it. */
export function withOtherError(line: string): string {
  const words = errorWords(line);
  return words === undefined
    ? line
    : line.replace(words, () => (words.endsWith('esource busy') ? 'Invalid argument' : 'Device or resource busy'));
}
