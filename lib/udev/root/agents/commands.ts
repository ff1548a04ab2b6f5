import {linesOf} from '../conf-dirs.ts';
import type {Place} from '../place.ts';
import {type Setting, type SettingName} from './setting.ts';

/** What a script or a command does to plugged memory, as far as its text tells. */
export interface Deeds {
  readonly settings: readonly Setting[];
  /** It waits for something and does it again: what is plugged later is its business too. */
  readonly watches: boolean;
}

const FILES = /(auto_online_blocks|online_policy|auto_movable_ratio|auto_movable_numa_aware|(?:state|online)\b)/.source;
const WORD = /["']?(\$?\{?[\w-]+\}?)(?:\\n)?["']?/.source;
const TARGET = String.raw`["']?[^\s;&|<>"']*(?:["'][^\s;&|<>]*)?\/["']?${FILES}["']?`;
const FORMAT = String.raw`(?:["']?%s(?:\\n)?["']?\s+)?`;
const REDIRECTED = new RegExp(String.raw`\b(?:echo|printf)\s+(?:-\w+\s+)?${FORMAT}${WORD}\s*>>?\s*${TARGET}`, 'g');
const TEED = new RegExp(
  String.raw`\b(?:echo|printf)\s+(?:-\w+\s+)?${FORMAT}${WORD}\s*\|\s*(?:sudo\s+)?tee\s+(?:-\w+\s+)?${TARGET}`,
  'g',
);
/**
 * In other languages: open("/sys/…/auto_online_blocks", "w").write("online"), a path and then a word of the kernel's.
 */
const OTHER = new RegExp(
  String.raw`\/${FILES}["'][^\n]*?["'](online(?:_kernel|_movable)?|offline|contig-zones|auto-movable)["']`,
  'g',
);
/** A longer line is not looked at. */
const LONG = 4000;

/** Reads the text of a script, or of a command with `first` as its line. */
export function deedsOf(text: string, path: string, first: number, by: string): Deeds {
  const aboutBlocks = text.includes('/sys/devices/system/memory');
  const settings = linesOf(text).flatMap(({line, text: one}) => {
    const code = one.replace(/^\s*#.*$/, '');
    return code.length > LONG ? [] : settingsIn(code, aboutBlocks, {path, line: first + line - 1}, by);
  });
  return {settings, watches: /\bwhile\b|\binotifywait\b|\budevadm\s+monitor\b|\bwatch\s+-n|while\s*\(/.test(text)};
}

function settingsIn(code: string, aboutBlocks: boolean, place: Place, by: string): Setting[] {
  const found: Setting[] = [];
  const add = (file: string, word: string): void => {
    const ofBlock = file === 'state' || file === 'online';
    if (ofBlock && !aboutBlocks) return;
    const name: SettingName = ofBlock ? 'state' : (file as SettingName);
    found.push({name, value: word.includes('$') ? undefined : file === 'online' ? switched(word) : word, place, by});
  };
  for (const pattern of [REDIRECTED, TEED])
    for (const [, word = '', file = ''] of code.matchAll(pattern)) add(file, word);
  if (found.length === 0) for (const [, file = '', word = ''] of code.matchAll(OTHER)) add(file, word);
  if (/\bchmem\s+(-\S+\s+)*(-e|--enable)\b/.test(code))
    found.push({name: 'state', value: /(-z|--zone)[ =]*movable/i.test(code) ? 'online_movable' : 'online', place, by});
  if (found.length === 0 && aboutBlocks && new RegExp(String.raw`>\s*${TARGET}|\btee\s[^|]*${TARGET}`).test(code)) {
    const file = new RegExp(TARGET).exec(code)?.[1] ?? 'state';
    found.push({
      name: file === 'online' || file === 'state' ? 'state' : (file as SettingName),
      value: undefined,
      place,
      by,
    });
  }
  return found;
}

/** The file `online` is a switch: kstrtobool. */
const switched = (word: string): string =>
  /^([1yYtT]|on)/i.test(word) && !/^of/i.test(word) ? 'online' : /^([0nNfF]|of)/i.test(word) ? 'offline' : word;
