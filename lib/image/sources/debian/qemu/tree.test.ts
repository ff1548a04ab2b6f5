import {chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test from 'ava';
import {Broken} from '../../../../util/errors.ts';
import {firmwareOutside, librariesOutside} from './outside.ts';
import {commandOf, layOut} from './tree.ts';

/** A made-up tree of unpacked packages. */
async function made(
  t: {teardown: (clean: () => Promise<void>) => void},
  files: Record<string, string>,
): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), 'memhp-tree-'));
  t.teardown(() => rm(tree, {recursive: true}));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, name)), {recursive: true});
    await writeFile(join(tree, name), text);
  }
  return tree;
}

const merged = {
  'etc/passwd': '',
  'usr/bin/qemu-system-toy': 'QEMU',
  'usr/bin/passwd': 'set-user-id',
  'usr/sbin/thing': '',
  'usr/lib/toy-linux-gnu/ld-linux-toy.so.2': 'the loader',
  'usr/lib/toy-linux-gnu/libc.so.6': '',
  'usr/lib/toy-linux-gnu/qemu/ui.so': '',
  'usr/lib/helper': '',
  'usr/share/qemu/bios.bin': '',
  'usr/share/doc/qemu/README': '',
};

test('what is left is the program, libraries, modules and firmware, and nothing that is set-user-id', async (t) => {
  const tree = await made(t, merged);
  await chmod(join(tree, 'usr/lib/helper'), 0o4755);
  const layout = await layOut(tree, 'qemu-system-toy');
  t.deepEqual(layout, {
    program: 'usr/bin/qemu-system-toy',
    loader: 'usr/bin/ld.so',
    libraries: ['usr/lib/toy-linux-gnu'],
    modules: 'usr/lib/toy-linux-gnu/qemu',
  });
  t.deepEqual(await readdir(tree), ['usr']);
  t.deepEqual((await readdir(join(tree, 'usr/bin'))).sort(), ['ld.so', 'qemu-bundle', 'qemu-system-toy']);
  t.deepEqual((await readdir(join(tree, 'usr/share'))).sort(), ['qemu']);
  t.is((await stat(join(tree, 'usr/lib/helper'))).mode & 0o7777, 0o755);
  // As QEMU looks for its firmware: below qemu-bundle beside the program that /proc/self/exe is.
  t.is(
    await realpath(join(tree, 'usr/bin/qemu-bundle/usr/share/qemu/bios.bin')),
    await realpath(join(tree, 'usr/share/qemu/bios.bin')),
  );
});

test('a release of before /usr was merged has its loader and libraries beside it', async (t) => {
  const {'usr/lib/toy-linux-gnu/ld-linux-toy.so.2': loader, ...rest} = merged;
  const tree = await made(t, {...rest, 'lib/toy-linux-gnu/ld-2.so': loader});
  await symlink('ld-2.so', join(tree, 'lib/toy-linux-gnu/ld-linux-toy.so.2'));
  const layout = await layOut(tree, 'qemu-system-toy');
  t.deepEqual(layout.libraries, ['usr/lib/toy-linux-gnu', 'lib/toy-linux-gnu']);
  t.is(await readFile(join(tree, layout.loader), 'utf8'), 'the loader');
  const command = commandOf('/r', layout);
  t.deepEqual(command, [
    'env',
    'QEMU_MODULE_DIR=/r/usr/lib/toy-linux-gnu/qemu',
    '/r/usr/bin/ld.so',
    '--inhibit-cache',
    '--library-path',
    '/r/usr/lib/toy-linux-gnu:/r/lib/toy-linux-gnu',
    '/r/usr/bin/qemu-system-toy',
  ]);
});

test('packages without the program, without a loader, or with one that leads out of them are refused', async (t) => {
  const {'usr/lib/toy-linux-gnu/ld-linux-toy.so.2': _, ...without} = merged;
  const tree = await made(t, without);
  await t.throwsAsync(layOut(tree, 'qemu-system-other'), {
    instanceOf: Broken,
    message: /no usr\/bin\/qemu-system-other/,
  });
  await t.throwsAsync(layOut(tree, 'qemu-system-toy'), {instanceOf: Broken, message: /no loader/});
  await symlink('/bin/sh', join(tree, 'usr/lib/toy-linux-gnu/ld-linux-toy.so.2'));
  await t.throwsAsync(layOut(tree, 'qemu-system-toy'), {instanceOf: Broken, message: /leads out of the packages/});
});

test('a library or firmware of the host is seen', (t) => {
  const list =
    '\tlinux-vdso.so.1 (0x00007f0a8b9ca000)\n\tlibc.so.6 => /r/usr/lib/libc.so.6 (0x00007f00)\n' +
    '\tlibz.so.1 => /lib/libz.so.1 (0x00007f01)\n\tlibq.so.3 => not found\n' +
    '\t/lib64/ld-linux-x86-64.so.2 => /r/usr/bin/ld.so (0x00007f02)\n';
  t.deepEqual(librariesOutside(list, '/r'), ['libz.so.1 => /lib/libz.so.1', 'libq.so.3 => not found']);
  t.deepEqual(firmwareOutside('/r/usr/bin/qemu-bundle/usr/share/qemu\n/usr/share/seabios\n', '/r'), [
    '/usr/share/seabios',
  ]);
});
