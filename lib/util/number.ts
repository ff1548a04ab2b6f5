import {Broken} from './errors.ts';

/** Reads digits to a number that is exactly theirs. Throws Broken where no number of ours is; `what` names it. */
export function exactNumber(digits: string, what: string, radix: 10 | 16 = 10): number {
  const number = Number.parseInt(digits, radix);
  if (!(radix === 10 ? /^\d+$/ : /^[0-9a-f]+$/i).test(digits) || !Number.isSafeInteger(number))
    throw new Broken(`${what}: "${digits.slice(0, 100)}" is no number that can be held exactly`);
  return number;
}
