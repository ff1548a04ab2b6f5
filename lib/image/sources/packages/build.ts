import {createHash} from 'node:crypto';
import {copyFile, lstat, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Broken} from '../../../util/errors.ts';
import {root} from '../../../util/paths.ts';
import {shellQuote} from '../../../util/text.ts';
import {writeEntry} from '../../entry.ts';
import {needTools, runTool} from '../../tool.ts';
import {mmdebstrap, isRoot} from '../debian/mmdebstrap.ts';
import type {Manifest, SourceOptions} from '../source.ts';
import type {PackagesSource} from './schema.ts';

/** Files that are put over the new system, and the script that finishes it: etc/memhp/customize. */
const overlay = join(root, 'lib/image/sources/packages/overlay');

/** What memhp needs in every guest; the rest of the userland is what these pull in, as the distribution ships it. */
const BASE = [
  'bash',
  'dbus',
  'initramfs-tools',
  'iproute2',
  'kmod',
  'mount',
  'openssh-server',
  'procps',
  'systemd-sysv',
  'udev',
  'util-linux',
];

/** Sparse, so that room costs nothing. */
const DISK_SIZE = '4G';

/** Our own files that go into an image, as a digest. */
export async function packagesInputs(): Promise<string> {
  const names = (await readdir(overlay, {recursive: true, withFileTypes: true}))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const file of names)
    hash
      .update(`${file.slice(overlay.length)}\0`)
      .update(await readFile(file))
      .update('\0');
  return hash.update(BASE.join()).digest('hex');
}

/** Builds vmlinuz, initrd.img, disk.qcow2 and image.json in `dir`, from the packages of a suite. */
export async function buildPackages(
  manifest: Manifest,
  source: PackagesSource,
  key: string,
  dir: string,
  options: SourceOptions,
): Promise<void> {
  const {signal, log} = options;
  const started = Date.now();
  await needTools(`building ${manifest.name}`, [
    'mmdebstrap',
    'tar',
    'mke2fs',
    'qemu-img',
    ...(isRoot ? [] : ['newuidmap', 'fakeroot']),
  ]);
  log(
    `${manifest.name}: building its image from the packages of ${source.suite}; this happens once and takes ` +
      `about a minute`,
  );
  const files = join(dir, 'overlay.tar');
  await runTool(
    'tar',
    ['-cf', files, '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX', '-C', overlay, '.'],
    {signal},
  );
  const rootfs = join(dir, isRoot ? 'root' : 'root.tar');
  await mmdebstrap(manifest.name, source, {
    ...options,
    dir,
    arch: manifest.arch,
    target: rootfs,
    variant: 'essential',
    alsoFrom: source.kernelSuite,
    include: [source.kernel, ...BASE, ...source.include],
    hooks: [`tar-in ${shellQuote(files)} /`, 'chroot "$1" sh /etc/memhp/customize "$MEMHP_GUEST"'],
    env: {MEMHP_GUEST: manifest.name, INITRD: 'No'},
  });
  log(`${manifest.name}: making its disk`);
  const tree = join(dir, 'root');
  const disk = join(dir, 'disk.raw');
  const mke2fs = [
    'mke2fs',
    '-q',
    '-t',
    'ext4',
    '-L',
    'memhp',
    '-E',
    'lazy_itable_init=1,root_owner=0:0',
    '-d',
    tree,
    disk,
    DISK_SIZE,
  ];
  const env = {MKE2FS_CONFIG: await mke2fsConfig(dir)};
  if (isRoot) await runTool('mke2fs', mke2fs.slice(1), {signal, env});
  else {
    // Owners and device nodes live in fakeroot's memory, so unpacking and packing share one fakeroot.
    const script =
      `mkdir ${shellQuote(tree)} && tar -xpf ${shellQuote(rootfs)} -C ${shellQuote(tree)} && exec ` +
      mke2fs.map(shellQuote).join(' ');
    await runTool('fakeroot', ['sh', '-c', script], {signal, env});
  }
  await runTool('qemu-img', ['convert', '-O', 'qcow2', disk, join(dir, 'disk.qcow2')], {signal});
  await takeOut(tree, 'vmlinuz', dir);
  await takeOut(tree, 'initrd.img', dir);
  await writeEntry(dir, {
    name: manifest.name,
    distro: manifest.distro,
    release: manifest.release,
    arch: manifest.arch,
    key,
    boot: {how: 'direct', kernel: 'vmlinuz', initrd: 'initrd.img', append: 'root=/dev/vda rw net.ifnames=0'},
    disk: 'disk.qcow2',
    login: {how: 'ssh'},
    prepare: manifest.prepare,
  });
  for (const part of [tree, rootfs, disk, files, env.MKE2FS_CONFIG]) await rm(part, {recursive: true, force: true});
  log(`${manifest.name}: image ready after ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/** The host's defaults would decide otherwise, and the newest features are unknown to the oldest guest kernels. */
async function mke2fsConfig(dir: string): Promise<string> {
  const file = join(dir, 'mke2fs.conf');
  await writeFile(
    file,
    [
      '[defaults]',
      'base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr',
      'blocksize = 4096',
      'inode_size = 256',
      'inode_ratio = 16384',
      '[fs_types]',
      'ext4 = {',
      'features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize',
      '}',
      '',
    ].join('\n'),
  );
  return file;
}

async function takeOut(tree: string, what: 'vmlinuz' | 'initrd.img', dir: string): Promise<void> {
  const boot = join(tree, 'boot');
  // A link would be followed on the host, out of the tree.
  if ((await lstat(boot)).isSymbolicLink()) throw new Broken('/boot of the new guest is a link, expected a directory');
  const found = (await readdir(boot)).filter((name) => name.startsWith(`${what}-`));
  if (found.length !== 1 || !found[0]) {
    throw new Broken(
      `/boot of the new guest has ${found.length} files named ${what}-*, expected one: ${found.join(', ')}`,
    );
  }
  if (!(await lstat(join(boot, found[0]))).isFile()) throw new Broken(`/boot/${found[0]} of the new guest is no file`);
  await copyFile(join(boot, found[0]), join(dir, what));
}
