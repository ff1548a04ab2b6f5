import {copyFile, readFile, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {Broken} from '../../../util/errors.ts';
import type {Arch} from '../../image.ts';
import {buildEntry, imagesDir, type BuildOptions} from '../../store.ts';
import {extract} from '../debian/extract.ts';

/** e_machine of ELF. */
const machines: Record<Arch, number> = {amd64: 62, arm64: 183, ppc64el: 21, s390x: 22, riscv64: 243};

/** Whether an ELF file is for the architecture and needs no loader (has no PT_INTERP). */
export function isStatic(elf: Buffer, arch: Arch): boolean {
  if (elf.length < 0x40 || elf.toString('latin1', 0, 4) !== '\x7FELF' || elf[4] !== 2) return false;
  const little = elf[5] === 1;
  const u16 = (at: number): number => (little ? elf.readUInt16LE(at) : elf.readUInt16BE(at));
  const u32 = (at: number): number => (little ? elf.readUInt32LE(at) : elf.readUInt32BE(at));
  if (u16(0x12) !== machines[arch]) return false;
  const table = Number(little ? elf.readBigUInt64LE(0x20) : elf.readBigUInt64BE(0x20));
  const size = u16(0x36);
  if (table + u16(0x38) * size > elf.length) return false;
  return Array.from({length: u16(0x38)}, (_, i) => u32(table + i * size)).every((type) => type !== 3);
}

/** A static busybox for the architecture: the host's, else the one of Debian's busybox-static, kept in the cache. */
export async function staticBusybox(
  arch: Arch,
  options: BuildOptions & {mirror?: string | undefined},
): Promise<Buffer> {
  for (const file of ['/bin/busybox', '/usr/bin/busybox']) {
    const elf = await readFile(file).catch(absent);
    if (elf && isStatic(elf, arch)) return elf;
  }
  const entry = `busybox-static-${arch}`;
  const file = join(imagesDir(options.cache), entry, 'busybox');
  if ((await stat(file).catch(absent)) === undefined) {
    await buildEntry(entry, options, async (dir) => {
      const tree = await extract(
        'busybox',
        {suite: 'stable', validUntil: 'ignore'},
        arch,
        ['busybox-static'],
        dir,
        options,
      );
      await copyFile(join(tree, await firstOf(tree, ['usr/bin/busybox', 'bin/busybox'])), join(dir, 'busybox'));
      await rm(tree, {recursive: true});
    });
  }
  return await readFile(file);
}

/** The first of the paths in a tree that is there: where Debian keeps a program depends on the release. */
async function firstOf(tree: string, paths: readonly string[]): Promise<string> {
  for (const path of paths) if ((await stat(join(tree, path)).catch(absent)) !== undefined) return path;
  throw new Broken(`busybox-static has none of ${paths.join(', ')} in it`);
}

/** The result for a file that isn't there; other errors go on. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
