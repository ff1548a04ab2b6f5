/** What of a guest a script may change so that invariants depend on it. */
export type MentionedFile = 'policy' | 'states' | 'zone policy';

/**
 * How a script names it: the end of a path will do, since it may have changed its directory, or have the rest in a
 * variable.
 */
const NAMES: Readonly<Record<MentionedFile, RegExp>> = {
  policy: /\b(?:auto_online_blocks|systemd-tmpfiles)\b/g, // tmpfiles.d may write it
  states: /\/(?:state|online)\b/g,
  'zone policy': /\b(?:online_policy|auto_movable_ratio|auto_movable_numa_aware)\b/g,
};

/** Where it is: a script that is there, and writes to a name that it has in a variable, may write to it. */
const DIRECTORIES: Readonly<Record<MentionedFile, RegExp>> = {
  policy: /\/sys\/devices\/system\/memory\b/,
  states: /\/sys\/devices\/system\/memory\b/,
  'zone policy': /\bmemory_hotplug\b/,
};
const INTO_VARIABLE = />\s*"?\$|\btee\s[^;|&]*\$/;

/** Commands that only read what they are given. */
const READERS = new Set([
  'cat',
  'head',
  'tail',
  'grep',
  'sed',
  'awk',
  'cut',
  'stat',
  'ls',
  'readlink',
  'test',
  '[',
  'cmp',
  'od',
  'wc',
  'sha256sum',
  'read',
  'find',
]);

/**
 * What a script may write to, by its text: everything that it names, but where it can be seen that it only reads there.
 * What it does by programs that know the files by themselves (udevd, modprobe) is the guest's own doing.
 */
export function mayWrite(script: string): MentionedFile[] {
  return (Object.keys(NAMES) as MentionedFile[]).filter(
    (subject) =>
      (INTO_VARIABLE.test(script) && DIRECTORIES[subject].test(script)) ||
      ((subject !== 'states' || script.includes('memory')) &&
        [...script.matchAll(NAMES[subject])].some(({index}) => !onlyReads(script, index))),
  );
}

/** Is the name at that place an operand of a command that reads, or behind a `<`? */
function onlyReads(script: string, at: number): boolean {
  const begin =
    Math.max(...[';', '&', '|', '\n', '(', ')', '{', '}', '`'].map((char) => script.lastIndexOf(char, at - 1))) + 1;
  const before = script.slice(begin, at);
  const redirection = /([<>])[^\s<>]*$/.exec(before)?.[1];
  if (redirection !== undefined) return redirection === '<';
  const [command = ''] = before
    .trim()
    .replace(/^(?:(?:then|do|else|if|while|until|!|exec|elif)\s+)+/, '')
    .replace(/^(?:\w+=\S*\s+)+/, '')
    .split(/\s+/);
  return READERS.has(command) && !/\s-i\b/.test(before);
}
