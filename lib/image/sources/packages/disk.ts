import {rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {shellQuote} from '../../../util/text.ts';
import {runTool} from '../../tool.ts';
import {isRoot} from '../debian/mmdebstrap.ts';

/** Sparse, so that room costs nothing. */
const DISK_SIZE = '4G';

/**
 * Makes disk.qcow2 in `dir` of a root file system, which is a directory (as root) or a tar; returns it as a directory,
 * `root`.
 */
export async function makeDisk(rootfs: string, dir: string, signal: AbortSignal | undefined): Promise<string> {
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
  for (const part of [disk, env.MKE2FS_CONFIG]) await rm(part);
  return tree;
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
