import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import test from 'ava';
import {UsageError} from '../../../util/errors.ts';
import {isStatic} from './busybox.ts';
import {configBeside} from './config-beside.ts';
import {cpio} from '../../cpio.ts';
import {microInitramfs} from './initramfs.ts';
import {identifyKernel} from './kernelfile.ts';
import {modinfo, modulesDep, pickModules, type KernelModule} from './modules.ts';

function bzImage(version: string): Buffer {
  const data = Buffer.alloc(0x400);
  data.write('HdrS', 0x202, 'latin1');
  data[0x236] = 1;
  data.writeUInt16LE(0x100, 0x20e);
  data.write(`${version} (builder) #1\0`, 0x300, 'latin1');
  return data;
}

test('a bzImage is known by its header, and tells its version', (t) => {
  const {arch, version} = identifyKernel('bzImage', bzImage('6.9.0-rc1+'));
  t.deepEqual({arch, version}, {arch: 'amd64', version: '6.9.0-rc1+'});
});

test('an arm64 Image is known by its magic', (t) => {
  const data = Buffer.alloc(64);
  data.write('ARM\x64', 0x38, 'latin1');
  t.is(identifyKernel('Image', data).arch, 'arm64');
});

/** A kernel of an architecture as `make` leaves it, with text in it. */
function image(magic: string, at: number, text: string): Buffer {
  const data = Buffer.alloc(at + 64);
  data.write(magic, at, 'latin1');
  return Buffer.concat([data, Buffer.from(`%s\0\0${text}\n\0`)]);
}
const BANNER = 'Linux version 6.12.117-memhp (memhp@memhp) (aarch64-linux-gnu-gcc (Debian 12.2.0-14) 12.2.0) #1 SMP';
const ppc64 = Buffer.concat([Buffer.from('\x7FELF\x02\x01', 'latin1'), Buffer.alloc(12), Buffer.from([21, 0])]);
for (const [what, data, expected] of [
  ['an arm64 Image', image('ARM\x64', 0x38, BANNER), {arch: 'arm64', version: '6.12.117-memhp'}],
  ['a riscv64 Image', image('RSC\x05', 0x38, BANNER), {arch: 'riscv64', version: '6.12.117-memhp'}],
  ['a ppc64 vmlinux', Buffer.concat([ppc64, Buffer.from(BANNER)]), {arch: 'ppc64el', version: '6.12.117-memhp'}],
  ['an s390x bzImage', image('S390EP', 0x10008, '7.2.13+deb14 (d@e) #1 SMP'), {arch: 's390x', version: '7.2.13+deb14'}],
  ['an Image without a banner', image('ARM\x64', 0x38, 'Linux version of x'), {arch: 'arm64', version: undefined}],
] as const)
  test(`${what} tells its architecture and version`, (t) => {
    const {arch, version} = identifyKernel('Image', data);
    t.deepEqual({arch, version}, expected);
  });

test('the config beside a kernel: its own, by its release, or that of the tree it was built in', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-micro-'));
  t.teardown(() => rm(dir, {recursive: true}));
  const put = async (file: string, text = ''): Promise<string> => {
    await mkdir(dirname(join(dir, file)), {recursive: true});
    await writeFile(join(dir, file), text);
    return join(dir, file);
  };
  const name = 'config-6.1.0';
  const kernel = await put('arch/x86/boot/bzImage');
  t.is(await configBeside(kernel, '6.1.0'), undefined);
  t.is(await configBeside(join(dir, 'vmlinuz'), undefined), undefined);
  const ofTree = await put('.config');
  await put('include/config/kernel.release', '6.1.1\n');
  t.is(await configBeside(kernel, '6.1.0'), undefined, 'the tree is of another release by now');
  await put('include/config/kernel.release', '6.1.0\n');
  t.deepEqual(await configBeside(kernel, '6.1.0'), {path: ofTree, name});
  t.deepEqual(await configBeside(join(dir, 'vmlinux'), '6.1.0'), {path: ofTree, name});
  const byRelease = await put(`boot/${name}`);
  t.deepEqual(await configBeside(join(dir, 'boot/vmlinuz-6.1.0'), undefined), {path: byRelease, name});
  t.is(await configBeside(join(dir, 'boot/vmlinuz-6.1.2'), undefined), undefined);
  const own = await put('boot/kernel.config');
  t.deepEqual(await configBeside(join(dir, 'boot/kernel'), '6.1.0'), {path: own, name});
});

const refused = test.macro({
  exec: (t, data: Buffer, seen: RegExp) => {
    const error = t.throws(() => identifyKernel('dir/file', data), {instanceOf: UsageError});
    t.regex(error.message, /^dir\/file: is no kernel/);
    t.regex(error.message, seen);
  },
  title: (what = '') => `${what} is refused as a kernel`,
});
test('an empty file', refused, Buffer.alloc(0), /an empty file/);
test('a text', refused, Buffer.from('hello, world'), /a file of 12 bytes that starts with "hello, world"/);
test('an ELF vmlinux', refused, Buffer.concat([Buffer.from('\x7FELF\x02\x01', 'latin1'), Buffer.alloc(64)]), /bzImage/);

test('cpio writes newc: fields, padding, trailer', (t) => {
  const archive = cpio([
    {path: 'a', kind: 'file', data: Buffer.from('hello'), mode: 0o755},
    {path: 'dev/console', kind: 'char', major: 5, minor: 1},
  ]);
  const text = archive.toString('latin1');
  t.is(archive.length % 4, 0);
  t.is(text.slice(0, 22), `07070100000001${(0o100755).toString(16).padStart(8, '0')}`);
  t.is(text.slice(110, 112), 'a\0');
  t.is(text.slice(112, 120), 'hello\0\0\0');
  t.is(text.slice(120 + 78, 120 + 94), '0000000500000001', 'rdev of the console');
  t.regex(text, /TRAILER!!!\0+$/);
});

const fakeModule = (depends: string, version = '6.1.0'): Buffer =>
  Buffer.from(`\x7FELF\0\0license=GPL\0depends=${depends}\0name=x\0vermagic=${version} SMP mod_unload\0`, 'latin1');

test('modinfo finds the strings of .modinfo', (t) => {
  t.deepEqual(modinfo(fakeModule('virtio,virtio_ring')), {
    vermagic: '6.1.0 SMP mod_unload',
    depends: 'virtio,virtio_ring',
  });
});

test('modules come after what they depend on, and must fit the kernel', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  try {
    await t.throwsAsync(pickModules(dir, undefined), {instanceOf: UsageError, message: /no kernel modules/});
    await writeFile(join(dir, 'virtio_pci.ko'), fakeModule('virtio-ring'));
    await writeFile(join(dir, 'virtio-ring.ko'), fakeModule('virtio'));
    await writeFile(join(dir, 'virtio.ko'), fakeModule(''));
    await writeFile(join(dir, 'unrelated.ko'), fakeModule(''));
    t.deepEqual(
      (await pickModules(dir, '6.1.0')).map(({name}) => name),
      ['virtio', 'virtio_ring', 'virtio_pci'],
    );
    await t.throwsAsync(pickModules(dir, '6.2.0'), {
      instanceOf: UsageError,
      message: /built for kernel 6\.1\.0, but the kernel given is 6\.2\.0/,
    });
    await rm(join(dir, 'virtio.ko'));
    await t.throwsAsync(pickModules(dir, '6.1.0'), {
      instanceOf: UsageError,
      message: /module virtio, which virtio_ring depends on/,
    });
    t.is((await readdir(dir)).length, 3);
  } finally {
    await rm(dir, {recursive: true});
  }
});

test('modprobe is told what each module needs, in the order of removal', (t) => {
  const module = (name: string, ...depends: string[]): KernelModule => ({name, data: Buffer.alloc(0), depends});
  t.is(
    modulesDep([module('virtio'), module('virtio_ring', 'virtio'), module('virtio_mem', 'virtio_ring', 'virtio')]),
    'virtio.ko:\nvirtio_ring.ko: virtio.ko\nvirtio_mem.ko: virtio_ring.ko virtio.ko\n',
  );
});

test('the initramfs holds the server, and the same parts give the same bytes', async (t) => {
  const parts = {busybox: Buffer.from('busybox'), modules: [], serve: 'echo served'};
  const initramfs = await microInitramfs(parts);
  t.deepEqual(initramfs, await microInitramfs(parts));
  const text = gunzipSync(initramfs).toString('latin1');
  for (const part of ['usr/lib/memhp/serve\0', 'echo served', 'etc/inittab\0', 'dev/console\0'])
    t.true(text.includes(part), part);
});

test('node itself is an ELF file with a loader, so it is not static', async (t) => {
  t.false(isStatic(await readFile(process.execPath), process.arch === 'x64' ? 'amd64' : 'arm64'));
});
