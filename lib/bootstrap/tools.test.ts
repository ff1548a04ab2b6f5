import {chmod, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {byHand, packagesOf} from './system.js';
import {findCommand, missingTools, pathWithSbin, tools} from './tools.js';

test('every tool can be found by a command or a file, and says what it is for', (t) => {
  for (const tool of tools) {
    t.truthy(tool.command ?? tool.file, tool.name);
    t.not(tool.for, '', tool.name);
  }
});

test('a command is found in PATH, then in the sbin directories', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'memhp-tools-'));
  t.teardown(() => rm(directory, {recursive: true}));
  await writeFile(join(directory, 'memhp-here'), '');
  t.is(findIn(directory, 'memhp-here'), undefined, 'a file that may not be executed is no command');
  await chmod(join(directory, 'memhp-here'), 0o755);
  t.is(findIn(directory, 'memhp-here'), join(directory, 'memhp-here'));
  t.is(findIn(directory, 'mke2fs')?.replace('/usr/sbin', '/sbin'), '/sbin/mke2fs');
  t.is(findIn(directory, 'memhp-nowhere'), undefined);
});

function findIn(path: string, name: string): string | undefined {
  const before = process.env['PATH'];
  process.env['PATH'] = path;
  try {
    return findCommand(name);
  } finally {
    process.env['PATH'] = before;
  }
}

test('sbin directories come last and once', (t) => {
  const path = pathWithSbin().split(':');
  t.is(path.filter((directory) => directory === '/usr/sbin').length, 1);
  t.false(path.includes(''), 'an empty entry would mean the working directory');
});

test('running needs no more than testing does', (t) => {
  const forTests = new Set(missingTools('test'));
  t.true(missingTools('run').every((tool) => forTests.has(tool)));
});

test('by hand, it is one command that names only what is missing, each package once', (t) => {
  const two = tools.filter(({name}) => name === 'xz' || name === 'zstd');
  const text = byHand([...two, ...two], 'apt');
  t.regex(text, /'apt-get update && apt-get install -y --no-install-recommends xz-utils zstd'/);
  t.regex(byHand(two, 'dnf'), /'dnf install -y --setopt=install_weak_deps=False xz zstd'/);
});

test('a package that is called otherwise in another release is taken by the name that there is', (t) => {
  const tool = {name: 'x', packages: {apt: 'new|old', dnf: 'other'}, for: 'y', needed: 'test'} as const;
  t.deepEqual(
    packagesOf([tool], 'apt', () => true),
    ['new'],
  );
  t.deepEqual(
    packagesOf([tool], 'apt', (name) => name === 'old'),
    ['old'],
  );
  t.deepEqual(
    packagesOf([tool], 'apt', () => false),
    ['old'],
    'whose absence the package manager then tells',
  );
  t.deepEqual(
    packagesOf([tool], 'dnf', () => false),
    ['other'],
  );
});
