import type {Shell} from '../shell/shell.ts';
import {Broken} from '../util/errors.ts';
import {clean, shellQuote} from '../util/text.ts';

/** What became of a write to a sysfs file. */
export interface WriteResult {
  readonly accepted: boolean;
  /** Name of the error, e.g. EBUSY; `none` where it was accepted, `unknown` where the guest's words aren't known. */
  readonly errno: string;
  /** The guest's own words for the error; empty where it was accepted. */
  readonly words: string;
}

/** strerror's words, glibc's and musl's. */
const ERRNO: readonly (readonly [string, RegExp])[] = [
  ['EBUSY', /(?:Device or r|R)esource busy/],
  ['EINVAL', /Invalid argument/],
  ['EINTR', /Interrupted system call/],
  ['EACCES', /Permission denied/],
  ['EPERM', /Operation not permitted/],
  ['ENOMEM', /Cannot allocate memory|Out of memory/],
  ['EHWPOISON', /Memory page has hardware error/],
  ['EEXIST', /File exists/],
  ['E2BIG', /Argument list too long/],
  ['ENODEV', /No such device(?! or address)/],
  ['ENXIO', /No such device or address/],
  ['ENOENT', /No such file or directory|nonexistent directory/],
  ['EIO', /Input\/output error/],
  ['ENOSPC', /No space left on device/],
  ['ERANGE', /Numerical result out of range|Result not representable/],
  ['EOPNOTSUPP', /Operation not supported|Not supported/],
];

/** The words of an error in a text, as they stand there. */
export const errorWords = (text: string): string | undefined =>
  ERRNO.map(([, pattern]) => pattern.exec(text)?.[0]).find((words) => words !== undefined);

export const errnoOf = (words: string): string => ERRNO.find(([, pattern]) => pattern.test(words))?.[0] ?? 'unknown';

/**
 * Writes one line to a file of the guest, as `echo word > path` does; `echo`, because busybox's printf says nothing of
 * an error. The words of bash and busybox name it; dash says "I/O error" for all of them, which stays unknown.
 */
export async function writeGuestFile(shell: Shell, path: string, word: string, ms: number): Promise<WriteResult> {
  const {status, stdout, stderr} = await shell.run(`echo ${shellQuote(word)} >${shellQuote(path)}`, ms, 'here');
  const words = clean(stderr, 500).trim();
  if (stdout !== '' || (status === 0) !== (words === '') || words.includes('\n')) {
    throw new Broken(
      `a write to ${path} ended with status ${status} and printed "${clean(stdout + stderr, 500).trim()}": ` +
        (`neither one error nor ` +
          `none${status !== 0 && words === '' ? '; its words are kept in /run, which may be full' : ''}`),
    );
  }
  return words === '' ? {accepted: true, errno: 'none', words: ''} : {accepted: false, errno: errnoOf(words), words};
}

/** A file's content without its last newline. Throws nothing for a missing file: it is undefined. */
export async function readGuestFile(shell: Shell, path: string, ms: number): Promise<string | undefined> {
  const {status, stdout, stderr} = await shell.run(`cat ${shellQuote(path)}`, ms);
  if (status === 0 && stderr !== '')
    throw new Broken(`${path} could be read, and the guest says "${clean(stderr, 200).trim()}"`);
  return status === 0 ? stdout.replace(/\n$/, '') : undefined;
}

/**
 * Writes several texts to a file, one after the other, in one round trip; the results are in the same order. A text
 * is written as it is: a newline that `echo` would add must be in it. An empty text would write nothing at all.
 */
export async function writeTexts(
  shell: Shell,
  path: string,
  texts: readonly string[],
  ms: number,
): Promise<WriteResult[]> {
  const script = texts
    .map((text) => `echo -n ${shellQuote(text)} 2>&1 >${shellQuote(path)} && echo none; echo @`)
    .join('\n');
  const {status, stdout, stderr} = await shell.run(`{ ${script}\n} 2>&1`, ms, 'here');
  if (status !== 0 || stderr !== '')
    throw new Broken(`writes to ${path} ended with status ${status}: ${clean(stderr, 200).trim()}`);
  const answers = stdout.split(/^@\n/m);
  if (answers.length !== texts.length + 1)
    throw new Broken(`${texts.length} writes to ${path} have ${answers.length - 1} answers`);
  return texts.map((_text, i) => {
    const words = clean(answers[i] ?? '', 500).trim();
    return words === 'none'
      ? {accepted: true, errno: 'none', words: ''}
      : {accepted: false, errno: errnoOf(words), words};
  });
}
