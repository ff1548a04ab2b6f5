import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {Broken} from '../../util/errors.ts';
import {confined, sandboxArgs} from './confinement.ts';
import {launch} from './process.ts';

test('whatever is started as QEMU gets the sandbox first, no new rights and no capability', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  const fake = join(dir, 'qemu');
  await writeFile(fake, `#!/bin/sh\nprintf '%s\\n' "$@" >${dir}/args\nexec cat /proc/self/status >${dir}/status\n`, {
    mode: 0o755,
  });
  await t.throwsAsync(launch({path: fake, version: '7.2'}, ['-machine', 'q35'], {ms: 10_000}), {instanceOf: Broken});
  t.deepEqual((await readFile(join(dir, 'args'), 'utf8')).trim().split('\n'), [...sandboxArgs, '-machine', 'q35']);
  const status = await readFile(join(dir, 'status'), 'utf8');
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? 'missing';
  t.is(field('NoNewPrivs'), '1');
  if (process.getuid?.() !== 0 || confined().includes('-all'))
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) t.regex(field(set), /^0+$/, set);
});

test("where capabilities can't be given up, nothing is asked for", (t) => {
  t.deepEqual(confined(false), ['setpriv', '--pdeathsig', 'KILL', '--no-new-privs', '--']);
});
