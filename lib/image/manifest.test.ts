import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {ARCHES} from './image.ts';
import {UsageError} from '../util/errors.ts';
import {defaultGuest, listManifests, loadManifest, manifestJsonSchema, manifestsDir} from './manifest.ts';

const good = `name: toy
distro: debian
release: "12"
title: Toy
arch: amd64
source:
  packages: {suite: bookworm, kernel: linux-image-amd64}
`;

async function inDir(files: Record<string, string>, use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
    await use(dir);
  } finally {
    await rm(dir, {recursive: true});
  }
}

test('the guests of memhp are there, the default among them', async (t) => {
  const names = (await listManifests()).map(({name}) => name);
  const debian = [
    ...['11', '12', '12-s390x', '13', '13-6.16', '13-6.17', '13-arm64'],
    ...['sid', 'sid-ppc64el', 'sid-riscv64', 'sid-s390x'],
  ].map((one) => `debian-${one}`);
  t.deepEqual(
    names.filter((name) => name.startsWith('debian-')),
    debian,
  );
  t.deepEqual([...new Set((await listManifests()).map(({arch}) => arch))].sort(), [...ARCHES].sort());
  t.like(await loadManifest('debian-12'), {source: {packages: {suite: 'bookworm'}}});
  for (const arch of ['x64', 'arm64', 'ppc64', 's390x', 'riscv64']) t.true(names.includes(defaultGuest(arch)), arch);
  t.throws(() => defaultGuest('arm'), {instanceOf: UsageError});
});

test('each manifest is named as its file and points editors to the schema; none names a host', async (t) => {
  for (const {name} of await listManifests()) {
    const text = await readFile(join(manifestsDir, `${name}.yaml`), 'utf8');
    t.true(text.startsWith('# yaml-language-server: $schema=manifest.schema.json\n'), name);
    t.notRegex(text, /:\/\//, name);
  }
});

test('images/manifest.schema.json is current', async (t) => {
  t.is(await readFile(join(manifestsDir, 'manifest.schema.json'), 'utf8'), manifestJsonSchema());
});

test('a guest file outside images/ is as good as one inside', async (t) => {
  await inDir({'toy.yaml': good}, async (dir) => {
    t.is((await loadManifest(join(dir, 'toy.yaml'))).name, 'toy');
  });
});

test('an unknown guest is answered with the known ones and the nearest', async (t) => {
  const error = await t.throwsAsync(loadManifest('debain-12'), {instanceOf: UsageError});
  t.regex(error.message, /unknown guest "debain-12"; did you mean debian-12\?/);
  t.regex(error.message, /debian-11, debian-12, .*debian-13, .*debian-sid, /);
});

test('a missing file is a usage error that names it', async (t) => {
  await t.throwsAsync(loadManifest('./nowhere.yaml'), {
    instanceOf: UsageError,
    message: /^\.\/nowhere\.yaml: can't read/,
  });
});

const faulty = test.macro({
  exec: async (t, text: string, ...wanted: RegExp[]) => {
    await inDir({'bad.yaml': text}, async (dir) => {
      const error = await t.throwsAsync(loadManifest(join(dir, 'bad.yaml')), {instanceOf: UsageError});
      const lines = error.message.replaceAll(`${dir}/`, '').split('\n');
      t.is(lines.length, wanted.length, error.message);
      for (const [i, pattern] of wanted.entries()) t.regex(lines[i] ?? '', pattern);
    });
  },
  title: (what = '') => `file:line:col for ${what}`,
});
test('an unknown key', faulty, `${good}moon: 1\n`, /^bad\.yaml:8:1: unknown key "moon"$/);
test(
  'an unknown key deep inside',
  faulty,
  good.replace('suite: bookworm', 'suite: bookworm, suit: x'),
  /^bad\.yaml:7:31: source\.packages: unknown key "suit"$/,
);
test(
  'a wrong type',
  faulty,
  good.replace('"12"', '12'),
  /^bad\.yaml:3:10: release: expected a string; quote a number, e\.g\. "12", seen 12$/,
);
test('a missing key', faulty, good.replace('title: Toy\n', ''), /^bad\.yaml:1:1: title: missing, expected string$/);
test(
  'a value out of a list',
  faulty,
  good.replace('amd64\n', 'i386\n'),
  /^bad\.yaml:5:7: arch: .*"amd64".*, seen "i386"$/,
);
test(
  'several at once',
  faulty,
  `${good.replace('"12"', '12')}moon: 1\n`,
  /^bad\.yaml:3:10: release/,
  /^bad\.yaml:8:1: unknown key "moon"$/,
);
test('YAML that does not parse', faulty, 'name: [a\n', /^bad\.yaml:\d+:\d+: .*/);
test('two sources', faulty, `${good}  micro: {}\n`, /^bad\.yaml:7:3: source: expected exactly one of packages, micro/);
test(
  'an option in place of a package',
  faulty,
  good.replace('linux-image-amd64', '--hook'),
  /^bad\.yaml:7:39: source\.packages\.kernel: expected the name of a package, seen "--hook"$/,
);

test('a name that two files have is a fault of the second', async (t) => {
  await inDir({'a.yaml': good, 'b.yaml': good}, async (dir) => {
    await t.throwsAsync(listManifests(dir), {
      instanceOf: UsageError,
      message: /b\.yaml:1:1: name: "toy" is also the name of .*a\.yaml/,
    });
  });
});
