// Its stages, with a mmdebstrap that only counts, and a machine that is none.
import {cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {tmpdir} from 'node:os';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {Broken} from '../../../../util/errors.ts';
import type {BuildMachine, Manifest} from '../../source.ts';
import type * as packagesModule from '../packages.ts';
import type {PackagesSource} from '../schema.ts';
import type * as foreign from './foreign.ts';

/** Unpacks a kernel with a module, and writes down what it was asked for. */
const MMDEBSTRAP = `#!/bin/sh
set -eu
printf '%s\\n' "$@" >>"$MEMHP_FAKE/asked"
printf 'ran\\n' >>"$MEMHP_FAKE/runs"
for word; do case $word in */root|*/root.tar) target=$word ;; esac; done
mkdir -p "$MEMHP_FAKE/tree/boot" "$MEMHP_FAKE/tree/usr/lib/modules/6.1.0"
printf kernel >"$MEMHP_FAKE/tree/boot/vmlinuz-6.1.0"
printf '\\177ELF\\0depends=\\0vermagic=6.1.0 SMP\\0' >"$MEMHP_FAKE/tree/usr/lib/modules/6.1.0/virtio_blk.ko"
case $target in *.tar) tar -cf "$target" -C "$MEMHP_FAKE/tree" . ;; *) cp -r "$MEMHP_FAKE/tree" "$target" ;; esac
`;

let fake: string;
let isForeign: typeof foreign.isForeign;
let packages: typeof packagesModule.packages;
test.before('a mmdebstrap that is found first', async () => {
  fake = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  await mkdir(join(fake, 'bin'));
  await writeFile(join(fake, 'bin/mmdebstrap'), MMDEBSTRAP, {mode: 0o755});
  process.env['MEMHP_FAKE'] = fake;
  process.env['PATH'] = [join(fake, 'bin'), process.env['PATH']].join(delimiter); // before tool.ts reads it
  ({isForeign} = await import('./foreign.ts'));
  ({packages} = await import('../packages.ts'));
});
test.after.always(() => rm(fake, {recursive: true}));

const arch = process.arch === 'arm64' ? 'amd64' : 'arm64';
const manifest = {name: 'toy', distro: 'toy', release: '1', title: 'Toy', arch, source: {}, prepare: []} as Manifest;
const source: PackagesSource = {suite: 'sid', kernel: 'linux-image-toy', include: ['perl'], validUntil: 'check'};

/** What a build leaves in its directory of the cache, locks and busybox aside. */
const left = async (cache: string): Promise<string[]> =>
  (await readdir(join(cache, 'images'))).filter((name) => name.startsWith('toy') || name.startsWith('.tmp'));

/** How often packages were unpacked. */
const runs = async (): Promise<number> => (await readFile(join(fake, 'runs'), 'utf8')).trim().split('\n').length;

/** Does what the machine's work comes to: a tar on its second disk. */
async function work({disks}: BuildMachine): Promise<void> {
  const out = join(fake, 'out');
  await mkdir(out, {recursive: true});
  await writeFile(join(out, 'vmlinuz'), 'its kernel');
  await writeFile(join(out, 'initrd.img'), 'its initrd');
  await execa('tar', ['-cf', disks[1]?.path ?? '', '-C', out, 'vmlinuz', 'initrd.img']);
}

async function newCache(t: ExecutionContext): Promise<string> {
  const cache = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(cache, {recursive: true}));
  await mkdir(join(cache, `images/busybox-static-${arch}`), {recursive: true});
  await writeFile(join(cache, `images/busybox-static-${arch}/busybox`), 'busybox');
  return cache;
}

test('an architecture is foreign unless it is what Node calls the host', (t) => {
  t.false(isForeign('amd64', 'x64'));
  t.false(isForeign('ppc64el', 'ppc64'));
  t.false(isForeign('arm64', 'arm64'));
  t.true(isForeign('arm64', 'x64'));
  t.true(isForeign('amd64', 'arm64'));
});

test.serial('a build that is cut off goes on from what was unpacked, and only the whole image is found', async (t) => {
  const cache = await newCache(t);
  const said: string[] = [];
  const options = {cache, log: (line: string): void => void said.push(line)};
  const booted: BuildMachine[] = [];
  const cutOff = async (machine: BuildMachine): Promise<void> => {
    booted.push(machine);
    await writeFile(machine.disks[0]?.path ?? '', 'half of a disk');
    throw new Broken('cut off');
  };
  await t.throwsAsync(packages.build(manifest, source, {...options, machine: cutOff}), {message: 'cut off'});
  t.is(await runs(), 1);
  t.regex((await left(cache)).join(), /^toy-[0-9a-f]{12}\.unpacked$/, 'the stage, and nothing half-built');
  const asked = (await readFile(join(fake, 'asked'), 'utf8')).split('\n');
  for (const argument of ['--variant=extract', `--architectures=${arch}`, '--include=?essential', '--include=perl'])
    t.true(asked.includes(argument), argument);

  const image = await packages.build(manifest, source, {
    ...options,
    machine: async (machine) => {
      booted.push(machine);
      const {stdout} = await execa('qemu-img', ['info', '--output=json', machine.disks[0]?.path ?? '']);
      t.like(JSON.parse(stdout), {format: 'qcow2'}, 'the disk as it was unpacked, not what the first machine left');
      await work(machine);
    },
  });
  t.is(await runs(), 1, 'unpacked once');
  t.is(said.filter((line) => line.includes('its packages are there')).length, 1, 'and the second time that is said');
  t.like(image, {arch, boot: {how: 'direct'}, login: {how: 'ssh'}});
  t.is(image.boot.how === 'direct' && (await readFile(image.boot.kernel, 'utf8')), 'its kernel');
  t.is(image.boot.how === 'direct' && (await readFile(image.boot.initrd, 'utf8')), 'its initrd');
  t.regex((await left(cache)).join(), /^toy-[0-9a-f]{12}$/, 'the stage is gone');
  const [first, second] = booted;
  t.is(first?.kernel, second?.kernel);
  t.not(first?.disks[0]?.path, second?.disks[0]?.path);
  t.like(await packages.build(manifest, source, options), {key: image.key}, 'from the cache, without a machine');
});

test.serial('a machine that hands over a link in place of a kernel is refused', async (t) => {
  const cache = await newCache(t);
  const machine = async ({disks}: BuildMachine): Promise<void> => {
    const out = await mkdtemp(join(fake, 'link-'));
    await execa('ln', ['-s', '/etc/passwd', join(out, 'vmlinuz')]);
    await writeFile(join(out, 'initrd.img'), '');
    await execa('tar', ['-cf', disks[1]?.path ?? '', '-C', out, 'vmlinuz', 'initrd.img']);
  };
  await t.throwsAsync(packages.build(manifest, source, {cache, log: () => undefined, machine}), {
    instanceOf: Broken,
    message: 'vmlinuz of toy is no file',
  });
});

test.serial('without anything to boot a machine with, that is said', async (t) => {
  const cache = await newCache(t);
  await t.throwsAsync(packages.build(manifest, source, {cache, log: () => undefined}), {
    instanceOf: Broken,
    message: /^toy: is of \w+, and there is nothing to boot a machine with$/,
  });
});

test.serial('an architecture without fw_cfg has its keys from behind the initrd, and its image says so', async (t) => {
  const cache = await newCache(t);
  const without = process.arch === 's390x' ? 'riscv64' : 's390x';
  await mkdir(join(cache, `images/busybox-static-${without}`), {recursive: true});
  await writeFile(join(cache, `images/busybox-static-${without}/busybox`), 'busybox');
  const image = await packages.build({...manifest, arch: without}, source, {
    cache,
    log: () => undefined,
    machine: work,
  });
  t.deepEqual(image.login, {how: 'ssh', keys: 'initrd'});
  const again = await packages.build({...manifest, arch: without}, source, {cache, log: () => undefined});
  t.deepEqual(again.login, image.login, 'from the cache as well');
  t.true((await readFile(join(fake, 'asked'), 'utf8')).includes('/memhp-build/keys-from-initrd'));
});

const from = fileURLToPath(new URL('../', import.meta.url));

test('the script that is run there makes a seed that takes them from where the initramfs left them', async (t) => {
  const etc = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(etc, {recursive: true}));
  await cp(join(from, 'overlay/etc'), etc, {recursive: true});
  await mkdir(join(etc, 'initramfs-tools/scripts/init-bottom'), {recursive: true});
  const script = (await readFile(join(from, 'keys-from-initrd'), 'utf8')).replaceAll('=/etc/', `=${etc}/`);
  await execa('sh', ['-c', script]);
  const seed = await readFile(join(etc, 'memhp/seed'), 'utf8');
  t.regex(seed, /^keys=\/run\/memhp-keys$/m);
  t.notRegex(seed, /fw_cfg|\/raw/);
  t.true(((await stat(join(etc, 'initramfs-tools/scripts/init-bottom/memhp'))).mode & 0o111) !== 0);
  await writeFile(join(etc, 'memhp/seed'), 'something else\n');
  t.not((await execa('sh', ['-c', script], {reject: false})).exitCode, 0, 'a seed that it does not know');
});
