import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test from 'ava';
import {diskNodes} from './disk.ts';
import {laidOver, memoryNodes} from './memory.ts';
import {filesOfTar} from './tar.ts';
import {Tree} from './tree.ts';

const scratch = mkdtempSync(join(tmpdir(), 'memhp-root-'));
const root = join(scratch, 'root');
const put = (path: string, text: string | Buffer): void => {
  mkdirSync(dirname(join(scratch, path)), {recursive: true});
  writeFileSync(join(scratch, path), text);
};
const link = (path: string, target: string): void => {
  mkdirSync(dirname(join(root, path)), {recursive: true});
  symlinkSync(target, join(root, path));
};

test.before(() => {
  put('secret', 'of the host');
  put('root/etc/file', 'inside');
  put('root/secret', 'of the root');
  put('root/etc/binary', Buffer.from([1, 0, 2]));
  put('root/etc/large', Buffer.alloc(5 * 2 ** 20, 97));
  put('root/etc/empty', '');
  put('root/usr/lib/deep/file', 'deep');
  link('lib', 'usr/lib');
  link('etc/up', '../../../../secret');
  link('etc/absolute', '/secret');
  link('etc/host', join(scratch, 'secret'));
  link('etc/loop', 'loop');
  link('etc/null', '/dev/null');
  link('etc/null-too', '../dev/null');
  link('etc/dir', '/usr/lib/deep');
  execFileSync('mkfifo', [join(root, 'etc/fifo')]);
});

test.after.always(() => {
  rmSync(scratch, {recursive: true, force: true});
});

const kept = new Map([
  ['etc/file', {bytes: Buffer.from('inside')}],
  ['lib', {target: 'usr/lib'}],
  ['usr/lib/deep/file', {bytes: Buffer.from('deep')}],
  ['etc/dir', {target: '/usr/lib/deep'}],
]);

test('links are followed as by a process whose root it is: none leads out', (t) => {
  const tree = new Tree(diskNodes(root));
  t.is(tree.text('etc/up'), 'of the root');
  t.is(tree.text('etc/absolute'), 'of the root');
  t.is(tree.text('etc/host'), undefined);
  t.is(tree.text('../../secret'), 'of the root');
  t.is(tree.text('etc/dir/file'), 'deep');
  t.is(tree.real('lib/deep/file'), 'usr/lib/deep/file');
  t.deepEqual(
    tree.unread.map(({path, why}) => `${path}: ${why.replace(scratch, '…')}`),
    ['etc/host: a link to …/secret, which is not in this root'],
  );
});

test('what can not be read is told, once, with why', (t) => {
  const tree = new Tree(diskNodes(root));
  for (const path of [
    'etc/binary',
    'etc/large',
    'etc/empty',
    'etc/fifo',
    'etc/loop',
    'etc/null',
    'etc/null-too',
    'etc/dir',
    'etc/gone',
    'etc/file/gone',
  ])
    t.is(tree.text(path), undefined);
  t.deepEqual(
    tree.unread.map(({path, why}) => `${path}: ${why}`),
    [
      'etc/binary: binary, where text is expected: it is not read',
      'etc/large: 5242880 bytes: larger than 4194304, it is not read',
      'etc/fifo: no regular file: it is not read',
      'etc/loop: more than 40 links',
      'etc/dir: a directory where a file is expected',
    ],
  );
  t.is(tree.file('etc/null')?.kind, 'mask');
  t.is(tree.file('etc/null-too')?.kind, 'mask');
});

test('in memory, on disk, out of an archive, and laid over: the same files', (t) => {
  const archive = execFileSync('tar', ['-c', '-C', root, 'etc/file', 'lib', 'usr', 'etc/dir']);
  for (const nodes of [
    memoryNodes(kept),
    memoryNodes(filesOfTar(archive)),
    laidOver(memoryNodes(new Map([['etc/file', {bytes: Buffer.from('below')}]])), kept),
  ]) {
    const tree = new Tree(nodes);
    t.is(tree.text('etc/file'), 'inside');
    t.is(tree.text('lib/deep/file'), 'deep');
    t.is(tree.text('etc/dir/file'), 'deep');
    t.deepEqual(tree.names('usr/lib'), ['deep']);
  }
  const over = new Tree(
    laidOver(
      diskNodes(root),
      new Map([
        ['etc/new/file', {bytes: Buffer.from('new')}],
        ['etc/file', {target: '/dev/null'}],
      ]),
    ),
  );
  t.is(over.text('etc/new/file'), 'new');
  t.is(over.file('etc/file')?.kind, 'mask');
  t.true(over.names('etc').includes('new') && over.names('etc').includes('binary'));
  t.is(over.text('etc/absolute'), 'of the root');
});

test('an archive with long names, and one that is cut off', (t) => {
  const long = `${'a'.repeat(90)}/${'b'.repeat(90)}`;
  put(`long/${long}`, 'x');
  const archive = execFileSync('tar', ['-c', '--format=gnu', '-C', join(scratch, 'long'), '.']);
  t.deepEqual([...filesOfTar(archive).keys()], [long]);
  t.throws(() => filesOfTar(archive.subarray(0, 600)), {message: /cut off|no end/});
  t.throws(() => filesOfTar(Buffer.alloc(1024, 1)), {message: /no tar header/});
});
