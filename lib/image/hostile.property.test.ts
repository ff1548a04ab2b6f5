// Files that others wrote: guest files, kernels, modules, what lies in the cache. Refused with the file's name, or
// taken for what they say.
import assert from 'node:assert/strict';
import {access, mkdir, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {damaged, thrownBy} from '../util/fixtures/damage.ts';
import {Broken, UsageError} from '../util/errors.ts';
import {loadManifest, manifest} from './manifest.ts';
import {isStatic} from './sources/micro/busybox.ts';
import {identifyKernel, readKernel} from './sources/micro/kernelfile.ts';
import {modinfo, pickModules} from './sources/micro/modules.ts';
import type {PackagesSource} from './sources/packages/schema.ts';
import {removeTree, SCRATCH} from './store.ts';
import {parseYaml} from './yaml.ts';

async function scratch(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  return dir;
}

const good = `name: toy
distro: debian
release: "12"
title: Toy
arch: amd64
source:
  packages: {suite: bookworm, kernel: linux-image-amd64, include: [perl]}
prepare: [modprobe -r virtio_console]
`;

test('a damaged guest file is refused with its place, or is a guest whose every field can be used', (t) => {
  t.notThrows(() => {
    fc.assert(
      fc.property(damaged(fc.constant(good)), (text) => {
        const error = thrownBy(() => {
          const {name, title, distro, release, source, prepare} = parseYaml('toy.yaml', text, manifest);
          const packages = source['packages'] as PackagesSource | undefined;
          assert.match(name, /^[a-z0-9][a-z0-9.+-]{0,63}$/);
          for (const word of [packages?.suite, packages?.kernel, ...(packages?.include ?? [])])
            assert.match(word ?? 'x', /^[a-z0-9][\w+.-]*$/);
          for (const line of [title, distro, release]) assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E]/u);
          for (const command of prepare) assert.ok(!command.includes('\0'));
        });
        if (error === undefined) return;
        if (!(error instanceof UsageError)) throw error as Error;
        for (const line of error.message.split('\n')) assert.match(line, /^toy\.yaml:\d+:\d+: /);
      }),
      {numRuns: 400},
    );
  });
});

const guest = (changes: string): string => `${good}${changes}\n`;
const tenfold = Array.from(
  'bcdefghij',
  (name, i) => `${name}: &${name} [${Array.from({length: 9}, () => `*${'abcdefghij'[i] ?? ''}`).join(',')}]`,
).join('\n');

for (const [what, text, message] of [
  ['aliases that unfold to a billion values', `a: &a [x]\n${tenfold}`, /toy\.yaml:1:1: Excessive alias count/],
  [
    'an alias of nothing',
    guest('prepare: *nothing').replace('prepare: [modprobe -r virtio_console]\n', ''),
    /toy\.yaml:1:1: Unresolved alias/,
  ],
  ['brackets without end', '['.repeat(20_000), /toy\.yaml:1:\d+: /],
  ['two documents', `${good}---\n${good}`, /toy\.yaml:9:1: /],
  [
    'a name that leaves the cache',
    good.replace('name: toy', 'name: ../../etc'),
    /toy\.yaml:1:7: name: expected a name/,
  ],
  [
    'a name that looks like an option',
    good.replace('name: toy', 'name: --append'),
    /toy\.yaml:1:7: name: expected a name/,
  ],
  [
    "a name longer than a file's may be",
    good.replace('name: toy', `name: ${'a'.repeat(300)}`),
    /toy\.yaml:1:7: name: expected a name/,
  ],
  [
    'a package that looks like an option',
    good.replace('[perl]', '[--customize-hook=reboot]'),
    /include\.0: expected the name of a package/,
  ],
  ['a suite with a command in it', good.replace('bookworm', '"bookworm/; id"'), /suite: expected the name of a suite/],
  [
    'a title with an escape sequence',
    good.replace('title: Toy', 'title: "\\e[31mToy"'),
    /title: expected one line without control characters/,
  ],
  [
    'a release of two lines',
    good.replace('"12"', '"12\\n13"'),
    /release: expected one line without control characters/,
  ],
  ['a prototype', guest('__proto__: {name: other}'), /unknown key "__proto__"/],
] as const) {
  test(`refused with its place: ${what}`, (t) => {
    t.throws(() => parseYaml('toy.yaml', text, manifest), {instanceOf: UsageError, message});
  });
}

test('a guest file or a kernel that never ends is not read for ever', async (t) => {
  await t.throwsAsync(loadManifest('/dev/zero'), {
    instanceOf: UsageError,
    message: /^\/dev\/zero: can't read the guest file: more than \d+ bytes/,
  });
  await t.throwsAsync(readKernel('/dev/zero'), {
    instanceOf: UsageError,
    message: /^\/dev\/zero: can't read the kernel: more than/,
  });
});

const magic = fc.constantFrom(
  ...([
    ['HdrS', 0x202],
    ['ARM\x64', 0x38],
    ['RSC\x05', 0x38],
    ['S390EP', 0x10008],
    ['\x7FELF', 0],
    ['\x7FELF\x02\x01', 0],
    ['\x1f\x8b', 0],
  ] as const),
);
const binary = fc
  .tuple(magic, fc.uint8Array({maxLength: 0x300}), fc.uint8Array({maxLength: 0x300}))
  .map(([[text, at], before, after]) => {
    const head = Buffer.alloc(at);
    head.set(before.subarray(0, at));
    return Buffer.concat([head, Buffer.from(text, 'latin1'), after]);
  });

test('any bytes after a magic number are a kernel, or refused by name', (t) => {
  t.notThrows(() => {
    fc.assert(
      fc.property(binary, (data) => {
        let error: unknown;
        try {
          const {version} = identifyKernel('k', data);
          assert.match(version ?? '1', /^\d[\w.+~-]*$/, 'it becomes part of a path');
        } catch (thrown) {
          error = thrown;
        }
        assert.ok(
          error === undefined || (error instanceof UsageError && error.message.startsWith('k: ')),
          String(error),
        );
        assert.equal(typeof isStatic(data, 'amd64'), 'boolean');
        assert.equal(typeof modinfo(data), 'object');
      }),
      {numRuns: 300},
    );
  });
});

for (const name of ['virtio_mem.ko.gz', 'virtio_mem.ko.xz', 'virtio_mem.ko.zst']) {
  test(`a module that can't be unpacked is named: ${name}`, async (t) => {
    const dir = await scratch(t);
    await writeFile(join(dir, name), 'no archive');
    await t.throwsAsync(pickModules(dir, undefined), {
      instanceOf: UsageError,
      message: new RegExp(`${name}: can't unpack the module: `),
    });
  });
}

test('modules are looked for without following links, so not in circles', async (t) => {
  const dir = await scratch(t);
  await mkdir(join(dir, 'kernel'));
  for (const name of ['up', 'source', 'build']) await symlink('..', join(dir, 'kernel', name));
  await writeFile(join(dir, 'kernel', 'virtio_mem.ko'), '\0vermagic=6.1 x\0depends=\0');
  t.deepEqual(
    (await pickModules(dir, undefined)).map(({name}) => name),
    ['virtio_mem'],
  );
});

for (const [what, path] of [
  ['a directory of others', (dir: string) => join(dir, 'precious')],
  ['a way around', (dir: string) => `${dir}/precious/../memhp-build-abcdef`],
  ['a relative path', () => 'memhp-build-abcdef'],
] as const) {
  test(`only a scratch directory of ours is removed with a build: not ${what}`, async (t) => {
    const dir = await scratch(t);
    const precious = join(dir, 'precious', 'file');
    for (const one of ['build', 'precious', 'memhp-build-abcdef']) await mkdir(join(dir, one));
    await writeFile(precious, 'mine');
    await writeFile(join(dir, 'build', SCRATCH), path(dir));
    await t.throwsAsync(removeTree(join(dir, 'build')), {
      instanceOf: Broken,
      message: /which is no scratch directory of ours/,
    });
    t.is(await readFile(precious, 'utf8'), 'mine');
  });
}

test('a link in the cache is removed, not what it leads to', async (t) => {
  const dir = await scratch(t);
  await mkdir(join(dir, 'precious'));
  await mkdir(join(dir, 'build'));
  await symlink(join(dir, 'precious'), join(dir, 'build', 'link'));
  await removeTree(join(dir, 'build'));
  await t.notThrowsAsync(access(join(dir, 'precious')));
});
