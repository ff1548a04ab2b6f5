import {chmod, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {UsageError} from '../util/errors.ts';
import {findQemus, readQemus} from './qemus.ts';

const options = {cache: '/nowhere', log: () => undefined};

test('a QEMU is a path, or a suite of Debian', (t) => {
  t.deepEqual(readQemus(['/opt/qemu', 'debian:sid', 'debian:bookworm-backports']), [
    {text: '/opt/qemu', path: '/opt/qemu'},
    {text: 'debian:sid', system: 'sid'},
    {text: 'debian:bookworm-backports', system: 'bookworm-backports'},
  ]);
  t.deepEqual(readQemus([]), []);
});

for (const [texts, message] of [
  [['debian:etch'], /^--qemu debian:etch: unknown suite "etch"; there are bookworm, bookworm-backports, .*, sid$/],
  [['debian:'], /unknown suite ""; there are /],
  [['debian:bullseye'], /unknown suite "bullseye"/],
  [['debian:trixie-security'], /unknown suite "trixie-security"/],
  [['debian:sid', '/q', 'debian:sid'], /^--qemu debian:sid was given twice$/],
] as const)
  test(`--qemu ${texts.join(' ')}: refused in a sentence`, (t) => {
    t.throws(() => readQemus(texts), {instanceOf: UsageError, message});
  });

test('one QEMU program is for one architecture, and that is said before the network is asked', async (t) => {
  await t.throwsAsync(findQemus(['debian:sid', '/q'], ['amd64', 'arm64'], options), {
    instanceOf: UsageError,
    message: '--qemu /q is one program, and the guests are of amd64 and arm64: run them one architecture at a time',
  });
});

/** Programs that say that they are QEMU of these versions. */
async function programs(t: {teardown: (clean: () => Promise<void>) => void}, versions: string[]): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-qemus-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return await Promise.all(
    versions.map(async (version, i) => {
      const path = join(dir, `qemu-${i}`);
      await writeFile(path, `#!/bin/sh\necho QEMU emulator version ${version}\n`);
      await chmod(path, 0o755);
      return path;
    }),
  );
}

test('several QEMUs are in the order asked for, each with what tells it from a later build of it', async (t) => {
  const [old = '', young = ''] = await programs(t, ['9.9.1', '10.0.2']);
  const found = (await findQemus([young, old], ['amd64', 'amd64'], options)).get('amd64');
  t.deepEqual(
    found?.map(({path, version}) => [path, version]),
    [
      [young, '10.0.2'],
      [old, '9.9.1'],
    ],
  );
  await writeFile(young, '#!/bin/sh\n# another build\necho QEMU emulator version 10.0.2\n');
  t.not((await findQemus([young], ['amd64'], options)).get('amd64')?.[0]?.build, found?.[0]?.build);
});

test('two QEMUs of the same version are refused: cells are named after it', async (t) => {
  const two = await programs(t, ['9.9.1', '9.9.1']);
  await t.throwsAsync(findQemus(two, ['amd64'], options), {
    instanceOf: UsageError,
    message: /are both QEMU 9\.9\.1, and the report could not tell them apart; run them one after the other$/,
  });
});

test('what is no QEMU is refused', async (t) => {
  await t.throwsAsync(findQemus(['/bin/true'], ['amd64'], options), {
    instanceOf: UsageError,
    message: /^\/bin\/true --version: wanted QEMU's version/,
  });
});
