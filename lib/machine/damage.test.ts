import {mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {damageOf, discard, writeSizes} from './damage.ts';
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
  t.is(await damageOf(dir, {profile}), undefined, 'one of before sizes were written down');
  await writeSizes(dir);
  t.is(await damageOf(dir, {profile}), undefined);
  t.is(await damageOf(join(dir, 'nowhere'), {profile}), undefined);
});

const cutOff = test.macro({
  exec: async (t, name: string, size: number, sizes: boolean, damage: RegExp) => {
    const dir = await template(t);
    if (sizes) await writeSizes(dir);
    await truncate(join(dir, name), size);
    t.regex(await damageOf(dir, {profile}) ?? 'whole', damage);
  },
  title: (_, name: string, size: number, sizes: boolean) => `noticed: ${name} cut off at ${size} bytes${sizes ? '' : ', in a template without sizes'}`,
});

test(cutOff, 'ram', 4096, true, /^ram has 4096 bytes instead of 1073741824$/);
test(cutOff, 'ram', 0, false, /^ram has 0 bytes instead of 1073741824$/); // QEMU would take an empty file for a new one, all zeros
test(cutOff, 'state', 2, true, /^state has 2 bytes instead of 4$/);
test(cutOff, 'facts.json', 10, true, /JSON/);
test(cutOff, 'facts.json', 0, false, /JSON/);
test(cutOff, 'sizes.json', 3, true, /JSON/);

test('a file that is gone is damage too', async (t) => {
  const dir = await template(t);
  await writeSizes(dir);
  await rm(join(dir, 'state'));
  t.regex(await damageOf(dir, {profile}) ?? 'whole', /ENOENT.*state/);
});

test('what is discarded is gone, and may be gone already', async (t) => {
  const dir = await template(t);
  await discard(dir);
  await discard(dir);
  t.deepEqual(await readdir(join(dir, '..')), []);
  await t.throwsAsync(stat(dir), {code: 'ENOENT'});
});
