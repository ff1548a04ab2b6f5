import {basename, dirname, join, resolve} from 'node:path';
import {isThere, readIfThere} from '../../../util/files.ts';

/** A kernel's config, and what it is to be called in the guest's /boot. */
export interface FoundConfig {
  readonly path: string;
  readonly name: string;
}

/**
 * The config that lies beside a kernel: `FILE.config`, `config-VERSION` in its directory, or the `.config` of the tree
 * in which it was built, whose release is the kernel's; undefined where there is none.
 */
export async function configBeside(kernel: string, release: string | undefined): Promise<FoundConfig | undefined> {
  const path = resolve(kernel);
  const version = release ?? /^vmlinu[xz]-(.+)$/.exec(basename(path))?.[1];
  if (version === undefined) return undefined;
  const name = `config-${version}`;
  for (const one of [`${path}.config`, join(dirname(path), name)]) if (await isThere(one)) return {path: one, name};
  // arch/x86/boot/bzImage, and vmlinux at the tree's root
  for (const tree of [join(dirname(path), '../../..'), dirname(path)]) {
    const built = await readIfThere(join(tree, 'include/config/kernel.release'));
    if (built?.trim() === version && (await isThere(join(tree, '.config')))) return {path: join(tree, '.config'), name};
  }
  return undefined;
}
