import test from 'ava';
import type {Shell} from '../shell/shell.ts';
import {Broken} from '../util/errors.ts';
import {errnoOf, readGuestFile, writeGuestFile, writeTexts} from './write.ts';

const answering = (
  answer: Partial<{status: number; stdout: string; stderr: string}>,
  scripts: string[] = [],
): Shell => ({
  kind: 'port',
  close: () => undefined,
  run: (script) => {
    scripts.push(script);
    return Promise.resolve({status: 0, stdout: '', stderr: '', ...answer});
  },
});

/** What shells and C libraries say: bash, dash, busybox on musl, perl. */
const WORDS: readonly (readonly [string, string])[] = [
  ['/run/memhp/serve: line 42: printf: write error: Invalid argument', 'EINVAL'],
  ['sh: 1: echo: echo: I/O error', 'unknown'],
  ['printf: write error: Device or resource busy', 'EBUSY'],
  ['sh: write error: Resource busy', 'EBUSY'],
  ['write error: Interrupted system call', 'EINTR'],
  ['cannot create memory0/removable: Permission denied', 'EACCES'],
  ['printf: write error: Operation not permitted', 'EPERM'],
  ['printf: write error: Cannot allocate memory', 'ENOMEM'],
  ['sh: write error: Out of memory', 'ENOMEM'],
  ['printf: write error: Memory page has hardware error', 'EHWPOISON'],
  ['printf: write error: File exists', 'EEXIST'],
  ['printf: write error: Argument list too long', 'E2BIG'],
  ['printf: write error: Numerical result out of range', 'ERANGE'],
  ['sh: write error: Result not representable', 'ERANGE'],
  ['printf: write error: No such device', 'ENODEV'],
  ['printf: write error: No such device or address', 'ENXIO'],
  ['memory99/state: No such file or directory', 'ENOENT'],
  ["sh: can't create memory99/state: nonexistent directory", 'ENOENT'],
  ['printf: write error: No space left on device', 'ENOSPC'],
  ['printf: write error: Operation not supported', 'EOPNOTSUPP'],
  ['something that nobody has seen yet', 'unknown'],
];

for (const [words, errno] of WORDS) {
  test(`"${words}" is ${errno}`, (t) => {
    t.is(errnoOf(words), errno);
  });
}

test('a write that worked has no words', async (t) => {
  const scripts: string[] = [];
  t.deepEqual(await writeGuestFile(answering({}, scripts), '/sys/x', "it's", 1), {
    accepted: true,
    errno: 'none',
    words: '',
  });
  t.deepEqual(scripts, [String.raw`echo 'it'\''s' >'/sys/x'`]);
});

test('a write has a status and one error, or neither, and prints nothing', async (t) => {
  const busy = 'echo: write error: Device or resource busy';
  t.deepEqual(await writeGuestFile(answering({status: 1, stderr: busy}), 'f', 'w', 1), {
    accepted: false,
    errno: 'EBUSY',
    words: busy,
  });
  for (const answer of [{status: 1}, {stderr: busy}, {stdout: 'x'}, {status: 1, stderr: `${busy}\n${busy}`}]) {
    await t.throwsAsync(writeGuestFile(answering(answer), 'f', 'w', 1), {
      instanceOf: Broken,
      message: /neither one error nor none/,
    });
  }
});

test('a file that can be read while the guest complains is no content', async (t) => {
  await t.throwsAsync(readGuestFile(answering({stdout: 'a', stderr: 'no'}), 'f', 1), {instanceOf: Broken});
});

test("a file loses its last newline only; one that can't be read is undefined", async (t) => {
  t.is(await readGuestFile(answering({stdout: 'a\n\n'}), 'f', 1), 'a\n');
  t.is(await readGuestFile(answering({status: 1, stderr: 'no'}), 'f', 1), undefined);
});

test('several texts have an answer each', async (t) => {
  const stdout = 'printf: write error: Invalid argument\n@\nnone\n@\n@\n';
  const results = await writeTexts(answering({stdout}), 'f', ['a', 'b', 'c'], 1);
  t.deepEqual(
    results.map(({errno}) => errno),
    ['EINVAL', 'none', 'unknown'],
  );
});

test('an answer too few is no verdict', async (t) => {
  await t.throwsAsync(writeTexts(answering({stdout: 'none\n@\n'}), 'f', ['a', 'b'], 1), {
    instanceOf: Broken,
    message: '2 writes to f have 1 answers',
  });
});
