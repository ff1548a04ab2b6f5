import type {Token} from '../rules/rule.ts';

/** Whether a token assigns the state of the device, or runs a command that looks as if it did. */
export const writesState = ({key, op, attr, value}: Pick<Token, 'key' | 'op' | 'attr' | 'value'>): boolean =>
  (key === 'ATTR' && op === '=' && STATE.test(attr ?? '')) ||
  (key === 'RUN' && attr !== 'builtin' && looksLikeWrite(value)) ||
  (key === 'PROGRAM' && looksLikeWrite(value));

const STATE = /^(\[memory\/[^\]]*\]\/?|\.\.\/memory[^/]*\/)?(state|online)$/;
const ABOUT_MEMORY = /\$(env\{DEVPATH\}|devpath|kernel|number|sys)|%[pknS]|memory|DEVPATH/;

/** A command with a word for a state that goes into a file, or a program that onlines memory. */
export function looksLikeWrite(command: string): boolean {
  if (/\bchmem\s+(-\w+\s+)*(-[ed]|--(en|dis)able)\b/.test(command) || /\bdaxctl\s+online-memory\b/.test(command))
    return true;
  return ABOUT_MEMORY.test(command) && />|\btee\b|\bof=/.test(command) && /\b(state|online)\b/.test(command);
}
