import {copyFile, lstat, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {Broken} from '../../../util/errors.ts';
import {shellQuote} from '../../../util/text.ts';
import {needTools} from '../../tool.ts';
import {mmdebstrap, isRoot} from '../debian/mmdebstrap.ts';
import type {Manifest, SourceOptions} from '../source.ts';
import {BASE, BUILD_TOOLS, KEYS_FROM_INITRD, keysOf, packOverlay, writePackagesEntry} from './content.ts';
import {makeDisk} from './disk.ts';
import type {PackagesSource} from './schema.ts';

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
  await needTools(`building ${manifest.name}`, BUILD_TOOLS);
  log(
    `${manifest.name}: building its image from the packages of ${source.suite}; this happens once and takes ` +
      `about a minute`,
  );
  const files = await packOverlay(dir, signal);
  const rootfs = join(dir, isRoot ? 'root' : 'root.tar');
  await mmdebstrap(manifest.name, source, {
    ...options,
    dir,
    arch: manifest.arch,
    target: rootfs,
    variant: 'essential',
    alsoFrom: source.kernelSuite,
    include: [source.kernel, ...BASE, ...source.include],
    hooks: [
      `tar-in ${shellQuote(files)} /`,
      ...(keysOf(manifest.arch) === 'initrd'
        ? [
            `upload ${shellQuote(KEYS_FROM_INITRD)} /etc/memhp/keys-from-initrd`,
            'chroot "$1" sh /etc/memhp/keys-from-initrd',
          ]
        : []),
      'chroot "$1" sh /etc/memhp/customize "$MEMHP_GUEST"',
    ],
    env: {MEMHP_GUEST: manifest.name, INITRD: 'No'},
  });
  log(`${manifest.name}: making its disk`);
  const tree = await makeDisk(rootfs, dir, signal);
  await takeOut(tree, 'vmlinuz', dir);
  await takeOut(tree, 'initrd.img', dir);
  await writePackagesEntry(manifest, key, dir);
  for (const part of [tree, rootfs, files]) await rm(part, {recursive: true, force: true});
  log(`${manifest.name}: image ready after ${((Date.now() - started) / 1000).toFixed(0)} s`);
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
