import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test from 'ava';
import {UsageError} from '../../util/errors.ts';
import {effective} from './layers.ts';
import {lintLayers} from '../lint/shadowed.ts';
import {readRules} from './read.ts';

const RULE = 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"\n';
let dir = '';
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(dir, path)), {recursive: true});
  writeFileSync(join(dir, path), text);
};

test.before(() => {
  dir = mkdtempSync(join(tmpdir(), 'memhp-rules-'));
  put('root/usr/lib/udev/rules.d/40-a.rules', RULE);
  put('root/usr/lib/udev/rules.d/50-b.rules', RULE);
  put('root/usr/lib/udev/rules.d/70-c.rules', 'TAG+="a"\n');
  put('root/run/udev/rules.d/40-a.rules', 'TAG+="run"\n');
  put('root/etc/udev/rules.d/60-own.rules', 'TAG+="etc"\n');
  put('root/opt/mine.rules', 'TAG+="linked"\n');
  symlinkSync('usr/lib', join(dir, 'root/lib'));
  symlinkSync('/dev/null', join(dir, 'root/etc/udev/rules.d/50-b.rules'));
  symlinkSync('/opt/mine.rules', join(dir, 'root/etc/udev/rules.d/65-linked.rules'));
  symlinkSync('nowhere', join(dir, 'root/etc/udev/rules.d/66-gone.rules'));
  symlinkSync('67-loop.rules', join(dir, 'root/etc/udev/rules.d/67-loop.rules'));
  mkdirSync(join(dir, 'root/etc/udev/rules.d/68-dir.rules'));
  execFileSync('mkfifo', [join(dir, 'root/etc/udev/rules.d/69-fifo.rules')]);
  mkdirSync(join(dir, 'nothing'));
});

test.after.always(() => {
  rmSync(dir, {recursive: true, force: true});
});

test("of a root, the directories are read in udevd's order, /lib not twice, links within the root", (t) => {
  const {layers, complete} = readRules([join(dir, 'root')]);
  t.true(complete);
  t.deepEqual(
    layers.map((layer) => layer.dir.slice(dir.length)),
    ['/root/etc/udev/rules.d', '/root/run/udev/rules.d', '/root/usr/lib/udev/rules.d'],
  );
  t.deepEqual(
    effective(layers).map(({path, unread, bytes}) => [
      path.slice(dir.length + 6),
      unread === undefined ? Buffer.from(bytes).toString().trim() : unread === 'mask' ? 'mask' : 'unread',
    ]),
    [
      ['run/udev/rules.d/40-a.rules', 'TAG+="run"'],
      ['etc/udev/rules.d/50-b.rules', 'mask'],
      ['etc/udev/rules.d/60-own.rules', 'TAG+="etc"'],
      ['etc/udev/rules.d/65-linked.rules', 'TAG+="linked"'],
      ['etc/udev/rules.d/66-gone.rules', 'unread'],
      ['etc/udev/rules.d/67-loop.rules', 'unread'],
      ['etc/udev/rules.d/68-dir.rules', 'unread'],
      ['etc/udev/rules.d/69-fifo.rules', 'unread'],
      ['usr/lib/udev/rules.d/70-c.rules', 'TAG+="a"'],
    ],
  );
  const ids = lintLayers(layers, {complete}).findings.map(
    ({id, file}) => `${id} ${file.slice(file.lastIndexOf('/') + 1)}`,
  );
  t.deepEqual(ids.sort(), [
    'file/unreadable 66-gone.rules',
    'file/unreadable 67-loop.rules',
    'file/unreadable 68-dir.rules',
    'file/unreadable 69-fifo.rules',
    'tree/disabled 40-a.rules',
    'tree/masked 50-b.rules',
  ]);
});

test('of several directories the first comes before the others', (t) => {
  const named = (...paths: string[]): string =>
    effective(readRules(paths.map((path) => join(dir, 'root', path))).layers)[0]?.path.slice(dir.length) ?? '';
  t.is(named('run/udev/rules.d', 'usr/lib/udev/rules.d'), '/root/run/udev/rules.d/40-a.rules');
  t.is(named('usr/lib/udev/rules.d', 'run/udev'), '/root/usr/lib/udev/rules.d/40-a.rules');
});

test('what is not there, or has no rules, is a usage error', (t) => {
  t.throws(() => readRules([join(dir, 'gone')]), {instanceOf: UsageError, message: /no such file/});
  t.throws(() => readRules([join(dir, 'nothing')]), {instanceOf: UsageError, message: /neither rules files/});
  t.throws(() => readRules([join(dir, 'root'), join(dir, 'root/run/udev/rules.d')]), {
    instanceOf: UsageError,
    message: /stands alone/,
  });
});

test('any file can be named, whatever its name', (t) => {
  put('any.txt', RULE);
  t.is(effective(readRules([join(dir, 'any.txt')]).layers).length, 1);
});
