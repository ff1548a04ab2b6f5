import {createHash, type Hash} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {root} from '../../../util/paths.ts';
import {writeEntry} from '../../entry.ts';
import type {Arch} from '../../image.ts';
import {runTool} from '../../tool.ts';
import {isRoot} from '../debian/mmdebstrap.ts';
import type {Manifest} from '../source.ts';

/** Files that are put over the new system, and the script that finishes it: etc/memhp/customize. */
const overlay = join(root, 'lib/image/sources/packages/overlay');

/** What memhp needs in every guest; the rest of the userland is what these pull in, as the distribution ships it. */
export const BASE = [
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

/** The host's programs that make an image of packages. */
export const BUILD_TOOLS = ['mmdebstrap', 'tar', 'mke2fs', 'qemu-img', ...(isRoot ? [] : ['newuidmap', 'fakeroot'])];

/** Run in the new system where its keys come from behind the initrd, once the overlay is there. */
export const KEYS_FROM_INITRD = join(root, 'lib/image/sources/packages/keys-from-initrd');

/**
 * Where a guest's keys come from. Seen: the kernels of ppc64el and s390x have no driver for QEMU's fw_cfg, and QEMU 7.2's
 * board of riscv64 has none ("fw_cfg device not available").
 */
export const keysOf = (arch: Arch): 'fw_cfg' | 'initrd' => (['amd64', 'arm64'].includes(arch) ? 'fw_cfg' : 'initrd');

/** Our own files that go into an image, as a digest. */
export async function packagesInputs(arch: Arch): Promise<string> {
  const hash = (await hashOf(overlay)).update(BASE.join());
  if (keysOf(arch) === 'initrd') hash.update(await readFile(KEYS_FROM_INITRD));
  return hash.digest('hex');
}

/** Takes in the files of a directory, by name. */
export async function hashOf(directory: string): Promise<Hash> {
  const names = (await readdir(directory, {recursive: true, withFileTypes: true}))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const file of names)
    hash
      .update(`${file.slice(directory.length)}\0`)
      .update(await readFile(file))
      .update('\0');
  return hash;
}

/** The overlay as a tar, with root as the owner. */
export async function packOverlay(dir: string, signal: AbortSignal | undefined): Promise<string> {
  const file = join(dir, 'overlay.tar');
  const owned = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  await runTool('tar', ['-cf', file, ...owned, '-C', overlay, '.'], {signal});
  return file;
}

/** The entry of an image that is in `dir`: vmlinuz, initrd.img, disk.qcow2. */
export const writePackagesEntry = (manifest: Manifest, key: string, dir: string): Promise<void> =>
  writeEntry(dir, {
    name: manifest.name,
    distro: manifest.distro,
    release: manifest.release,
    arch: manifest.arch,
    key,
    boot: {how: 'direct', kernel: 'vmlinuz', initrd: 'initrd.img', append: 'root=/dev/vda rw net.ifnames=0'},
    disk: 'disk.qcow2',
    login: keysOf(manifest.arch) === 'initrd' ? {how: 'ssh', keys: 'initrd'} : {how: 'ssh'},
    prepare: manifest.prepare,
  });
