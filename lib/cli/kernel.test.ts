import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {UsageError} from '../util/errors.ts';
import {root} from '../util/paths.ts';
import {kernelBuildCommand, type KernelBuildGiven} from './kernel.ts';

test('kernel build wants an architecture, and says which there are', async (t) => {
  const {exitCode, stdout, stderr} = await execa(
    process.execPath,
    [join(root, 'lib/cli/bin.js'), 'kernel', 'build', '--arch', 'alpha'],
    {reject: false},
  );
  t.deepEqual([exitCode, stdout], [2, '']);
  t.regex(stderr, /Allowed choices are amd64, arm64, /);
});

const refused = test.macro(async (t, given: Partial<KernelBuildGiven>, message: RegExp) => {
  const cache = await mkdtemp(join(tmpdir(), 'memhp-cache-'));
  t.teardown(() => rm(cache, {recursive: true}));
  await t.throwsAsync(kernelBuildCommand({arch: 'arm64', suite: 'trixie', enable: [], disable: [], ...given}, cache), {
    instanceOf: UsageError,
    message,
  });
  t.deepEqual(await readdir(cache), []);
});
test('an option that is none is refused', refused, {enable: ['A B']}, /^--enable A B: wanted an option/);
test('an option twice is refused', refused, {enable: ['KSM'], disable: ['KSM']}, /named before; name it once/);
test('a place that is not there is refused', refused, {out: '/no/such/dir/k'}, /^--out \S+: can't be written: /);
test('a place that is a directory is refused', refused, {out: tmpdir()}, /^--out \S+: is a directory; wanted/);
