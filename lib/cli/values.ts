import {InvalidArgumentError} from 'commander';
import {clean} from '../util/text.ts';

// Values of options, read or refused before anything is done.

/** A value that can be shown on a line and isn't nothing. */
export function word(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('wanted something, not an empty value.');
  if (clean(text) !== text || text.includes('\n')) throw new InvalidArgumentError('it has control characters.');
  return text;
}

export const collect = (value: string, before: string[]): string[] => [...before, word(value)];

export function parameters(text: string): string {
  if (text.trim() === '') return '';
  if (/[^\x20-\x7e]/.test(text)) throw new InvalidArgumentError('wanted kernel parameters on one line, in ASCII.');
  if (text.split('"').length % 2 === 0)
    throw new InvalidArgumentError('a quote (") has no end: it would swallow the parameters that follow.');
  return text.trim();
}

export function mirror(text: string): string {
  if (!/^(?:https?|ftp|file|copy|tor\+https?):\/\/?[^\s'"\\]+$/.test(word(text)))
    throw new InvalidArgumentError('wanted a URL, e.g. https://mirror.example/debian.');
  return text;
}

export function positive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('wanted a whole number from 1 up.');
  return Number(text);
}

export function shard(text: string): {index: number; count: number} {
  const [, index = 0, count = 0] = (/^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (index < 1 || index > count) throw new InvalidArgumentError('wanted I/N with I from 1 to N, e.g. 2/4.');
  return {index, count};
}
