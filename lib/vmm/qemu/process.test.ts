import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {Broken} from '../../util/errors.ts';
import {launch} from './process.ts';

test('a QEMU that ends by SIGBUS says nothing; what that means is told for it', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  const path = join(dir, 'qemu');
  await writeFile(path, '#!/bin/sh\nkill -BUS $$\n', {mode: 0o755});
  await t.throwsAsync(launch({path, version: '7.2'}, [], {ms: 20_000}), {
    instanceOf: Broken,
    message: 'QEMU ended (SIGBUS): a file behind its memory is cut off, or there is no space left for it',
  });
});
