import {mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {initrdWith, keysInInitrd, writeKeys} from './keys.ts';

test('keys lie behind the initrd, in an archive of their own that begins where the kernel looks for one', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(work, {recursive: true}));
  const keys = await writeKeys(work);
  const initrd = join(work, 'initrd.img');
  await writeFile(initrd, 'seven b');
  const path = await initrdWith(initrd, await keysInInitrd(keys), work);
  const all = await readFile(path);
  t.is(all.subarray(0, 8).toString('latin1'), 'seven b\0', 'the initrd, up to a multiple of four');
  t.is((await stat(path)).mode & 0o777, 0o600);
  const archive = all.subarray(8);
  t.true(archive.toString('latin1').startsWith('070701'), 'an archive begins');
  for (const file of [keys.hostKey, keys.authorizedKey]) t.true(archive.includes(await readFile(file)), file);
  t.is(await readFile(initrd, 'utf8'), 'seven b', 'the image stays as it is');
});
