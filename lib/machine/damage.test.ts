import {mkdir, mkdtemp, readdir, rm, stat, truncate, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {damageOf, discard, writeStamps} from './damage.ts';
import {profileByName} from './profile.ts';

const profile = profileByName('q35');
const FACTS = JSON.stringify({kernel: '6.12', os: '', config: null, commands: [], shell: 'virtio'});

async function template(t: ExecutionContext): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(parent, {recursive: true}));
  const dir = join(parent, 'guest-0011');
  await mkdir(dir);
  await writeFile(join(dir, 'facts.json'), FACTS);
  await writeFile(join(dir, 'state'), 'QEVM');
  await writeFile(join(dir, 'ram'), '');
  await truncate(join(dir, 'ram'), profile.ram);
  return dir;
}

test('a template is whole, or not there', async (t) => {
  const dir = await template(t);
  await writeStamps(dir);
  t.is(await damageOf(dir), undefined);
  t.is(await damageOf(join(dir, 'nowhere')), undefined);
});

const cutOff = test.macro({
  exec: async (t, name: string, size: number, damage: RegExp) => {
    const dir = await template(t);
    await writeStamps(dir);
    await truncate(join(dir, name), size);
    t.regex((await damageOf(dir)) ?? 'whole', damage);
  },
  title: (_, name: string, size: number) => `noticed: ${name} cut off at ${size} bytes`,
});

test(cutOff, 'ram', 4096, /^ram has 4096 bytes instead of 1073741824$/);
test(cutOff, 'ram', 0, /^ram has 0 bytes instead of 1073741824$/);
test(cutOff, 'state', 2, /^state has 2 bytes instead of 4$/);
test(cutOff, 'facts.json', 10, /JSON/);
test(cutOff, 'stamps.json', 3, /JSON/);

test('a file that was written to later is damaged, even if it is as long as before', async (t) => {
  const dir = await template(t);
  await utimes(join(dir, 'ram'), 1_764_000_000, 1_764_000_000);
  await writeStamps(dir);
  await truncate(join(dir, 'ram'), 0);
  await truncate(join(dir, 'ram'), profile.ram);
  t.regex(
    (await damageOf(dir)) ?? 'whole',
    /^ram was written to at 20\S+Z, after 2025-11-24T16:00:00Z when it was frozen$/,
  );
});

test('a copy that keeps times to the second, as tar does, is whole', async (t) => {
  const dir = await template(t);
  await utimes(join(dir, 'ram'), 1_764_000_000.75, 1_764_000_000.75);
  await writeStamps(dir);
  await utimes(join(dir, 'ram'), 1_764_000_000, 1_764_000_000);
  t.is(await damageOf(dir), undefined);
});

test('a file that is gone is damage too', async (t) => {
  const dir = await template(t);
  await writeStamps(dir);
  await rm(join(dir, 'state'));
  t.regex((await damageOf(dir)) ?? 'whole', /ENOENT.*state/);
});

test('what is discarded is gone, and may be gone already', async (t) => {
  const dir = await template(t);
  await discard(dir);
  await discard(dir);
  t.deepEqual(await readdir(join(dir, '..')), []);
  await t.throwsAsync(stat(dir), {code: 'ENOENT'});
});
