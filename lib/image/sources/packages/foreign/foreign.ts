import {copyFile, lstat, open, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {stopwatch} from '../../../../util/clock.ts';
import {Broken} from '../../../../util/errors.ts';
import {isThere} from '../../../../util/files.ts';
import {root} from '../../../../util/paths.ts';
import {shellQuote} from '../../../../util/text.ts';
import {MiB} from '../../../../util/size.ts';
import {entryName} from '../../../entry.ts';
import type {Arch} from '../../../image.ts';
import {buildEntry, imagesDir, removeTree} from '../../../store.ts';
import {needTools, runTool} from '../../../tool.ts';
import {isRoot, mmdebstrap, REMOVE_DOCS, WITHOUT_DOCS} from '../../debian/mmdebstrap.ts';
import {staticBusybox} from '../../micro/busybox.ts';
import {busyboxInitramfs} from '../../micro/initramfs.ts';
import {onlyKernel} from '../../micro/kernel-package.ts';
import {pickModules} from '../../micro/modules.ts';
import type {Manifest, SourceOptions} from '../../source.ts';
import {BASE, BUILD_TOOLS, hashOf, KEYS_FROM_INITRD, keysOf, packOverlay, writePackagesEntry} from '../content.ts';
import {makeDisk} from '../disk.ts';
import type {PackagesSource} from '../schema.ts';

const here = join(root, 'lib/image/sources/packages/foreign');

/** What mounts the disk. ext4 asks for crc32c by a name that only an index of modules would resolve. */
const MODULES = ['virtio_pci', 'virtio_blk', 'crc32c', 'crc32c_generic', 'crc32c_cryptoapi', 'ext4'];

/** Room for the kernel and initrd that the machine hands over. */
const OUT_SIZE = 512 * MiB;

/** What the machine says as it goes (root/etc/memhp/boot, install), and what that means. */
const STEPS = [
  {said: 'unpacking', means: 'installing its packages on an emulated machine'},
  {said: 'configuring', means: 'configuring them there'},
  {said: 'finishing', means: 'making its initrd there'},
  {said: 'done', means: 'taking out its kernel and initrd'},
] as const;

/** Can this host not run programs of the architecture? Node has names of its own for two. */
export const isForeign = (arch: Arch, host: string = process.arch): boolean =>
  ({x64: 'amd64', ppc64: 'ppc64el'})[host] !== arch && host !== arch;

/** Our own files that go only into images of a foreign architecture, as a digest. */
export const foreignInputs = async (): Promise<string> =>
  (await hashOf(join(here, 'root'))).update(await readFile(join(here, 'install'))).digest('hex');

/** Name in the cache of what a build has finished before the machine is booted; it goes when the image is there. */
export const stageName = (name: string, key: string): string => `${entryName(name, key)}.unpacked`;

/**
 * As buildPackages, where the host can't run what it installs: packages are unpacked here, in a stage that the cache
 * keeps until the image is there, and installed by an emulated machine of their architecture.
 */
export async function buildForeign(
  manifest: Manifest,
  source: PackagesSource,
  key: string,
  dir: string,
  options: SourceOptions,
): Promise<void> {
  const {cache, log, signal, machine} = options;
  const {name, arch} = manifest;
  if (machine === undefined) throw new Broken(`${name}: is of ${arch}, and there is nothing to boot a machine with`);
  const took = stopwatch();
  await needTools(`building ${name}`, BUILD_TOOLS);
  log(`${name}: building its image for ${arch}, which this host can't run; this happens once and takes some minutes`);
  const stage = join(imagesDir(cache), stageName(name, key));
  if (await isThere(stage)) log(`${name}: its packages are there, unpacked by a build that was cut off or has failed`);
  await buildEntry(stageName(name, key), options, (work) => unpack(manifest, source, work, options));
  const disk = join(dir, 'disk.qcow2');
  const grown = join(dir, 'grown.qcow2');
  await copyFile(join(stage, 'disk.qcow2'), grown);
  const out = join(dir, 'out.tar');
  await makeEmpty(out, OUT_SIZE);
  await machine({
    name,
    arch,
    kernel: join(stage, 'vmlinuz'),
    initrd: join(stage, 'initrd.img'),
    disks: [
      {path: grown, format: 'qcow2'},
      {path: out, format: 'raw'},
    ],
    says: 'memhp build: ',
    steps: STEPS,
    consoleFile: join(stage, 'console.log'),
  });
  await runTool('tar', ['-xf', out, '--no-same-owner', '-C', dir, 'vmlinuz', 'initrd.img'], {signal});
  for (const part of ['vmlinuz', 'initrd.img'])
    if (!(await lstat(join(dir, part))).isFile()) throw new Broken(`${part} of ${name} is no file`);
  // Anew: the packages' own files lie between what was made of them.
  await runTool('qemu-img', ['convert', '-O', 'qcow2', grown, disk], {signal});
  for (const part of [grown, out]) await rm(part);
  await writePackagesEntry(manifest, key, dir);
  await removeTree(stage);
  log(`${name}: image ready after ${(took() / 1000).toFixed(0)} s`);
}

/** Makes the stage: the disk with the packages unpacked and beside them, and what boots a machine to install them. */
async function unpack(manifest: Manifest, source: PackagesSource, dir: string, options: SourceOptions): Promise<void> {
  const {signal, log} = options;
  const {name, arch} = manifest;
  log(`${name}: fetching and unpacking the packages of ${source.suite}`);
  const overlay = await packOverlay(dir, signal);
  const rootfs = join(dir, isRoot ? 'root' : 'root.tar');
  await mmdebstrap(name, source, {
    ...options,
    dir,
    arch,
    target: rootfs,
    variant: 'extract',
    alsoFrom: source.kernelSuite,
    include: ['?essential', 'apt', source.kernel, ...BASE, ...source.include],
    hooks: [
      'mkdir "$1/memhp-build" "$1/memhp-build/debs" && ln "$1"/var/cache/apt/archives/*.deb "$1/memhp-build/debs"',
      `printf 'MEMHP_GUEST=%s\\n' "$MEMHP_GUEST" > "$1/memhp-build/guest"`,
      `upload ${shellQuote(overlay)} /memhp-build/overlay.tar`,
      `upload ${shellQuote(join(here, 'install'))} /memhp-build/install`,
      ...(keysOf(arch) === 'initrd' ? [`upload ${shellQuote(KEYS_FROM_INITRD)} /memhp-build/keys-from-initrd`] : []),
      REMOVE_DOCS,
      WITHOUT_DOCS,
    ],
    env: {MEMHP_GUEST: name},
  });
  log(`${name}: making its disk`);
  const tree = await makeDisk(rootfs, dir, signal);
  const {kernel, version} = await onlyKernel(tree, source);
  await rename(join(tree, kernel), join(dir, 'vmlinuz'));
  const initramfs = await busyboxInitramfs({
    busybox: await staticBusybox(arch, options),
    modules: await pickModules(tree, version, {loaded: MODULES, spare: []}),
    scripts: join(here, 'root'),
  });
  await writeFile(join(dir, 'initrd.img'), initramfs);
  for (const part of [tree, rootfs, overlay]) await rm(part, {recursive: true, force: true});
}

/** A file of zeros that takes no room. */
async function makeEmpty(path: string, size: number): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.truncate(size);
  } finally {
    await file.close();
  }
}
