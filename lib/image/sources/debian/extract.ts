import {mkdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Arch} from '../../image.ts';
import type {BuildOptions} from '../../store.ts';
import {needTools, runTool} from '../../tool.ts';
import {isRoot, mmdebstrap} from './mmdebstrap.ts';

/**
 * Unpacks packages and what they depend on into a directory of `dir`; nothing of them is run, so any architecture goes.
 */
export async function extract(
  guest: string,
  source: {suite: string; validUntil: 'check' | 'ignore'},
  arch: Arch,
  include: readonly string[],
  dir: string,
  options: BuildOptions & {mirror?: string | undefined},
): Promise<string> {
  await needTools(`unpacking ${include.join(', ')}`, ['mmdebstrap', 'tar', ...(isRoot ? [] : ['newuidmap'])]);
  options.log(`${guest}: fetching ${include.join(', ')} of ${source.suite}`);
  const tree = join(dir, 'tree');
  const tar = join(dir, 'tree.tar');
  await mmdebstrap(guest, source, {...options, dir, arch, target: tar, variant: 'extract', include});
  await mkdir(tree);
  await runTool('tar', ['-xf', tar, '-C', tree, '--no-same-owner', '--exclude=./dev/*'], {signal: options.signal});
  await rm(tar);
  return tree;
}
