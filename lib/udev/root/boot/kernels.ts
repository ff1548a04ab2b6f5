import {joined} from '../tree/nodes.ts';
import type {Tree} from '../tree/tree.ts';
import {compareKernelNames} from './release.ts';

/** How the file of a kernel is called, by distribution and architecture. */
const IMAGE = /^(?:vmlinu[xz]|image|kernel|bzimage|linux)-(.+)$/i;

/** Rescue images and leftovers are no kernels that boot by themselves. */
const NOT = /^0-rescue|\.(old|bak|efi|signed|unsigned|dpkg-\w+)$|~$|fallback/;

/** The release that the name of a kernel's file tells. */
export const releaseOfImage = (path: string): string | undefined =>
  IMAGE.exec(path.slice(path.lastIndexOf('/') + 1))?.[1];

/** The kernels of a root, newest first. */
export function kernelsOf(tree: Tree): string[] {
  const releases = new Set<string>();
  for (const name of tree.names('boot')) {
    const release = releaseOfImage(name) ?? /^config-(.+)$/.exec(name)?.[1];
    if (release !== undefined && !NOT.test(release)) releases.add(release);
  }
  for (const dir of ['usr/lib/modules', 'lib/modules']) {
    for (const name of tree.names(dir)) {
      const whole = ['vmlinuz', 'config', 'modules.dep', 'modules.order', 'kernel'].some((file) =>
        tree.has(joined(joined(dir, name), file)),
      );
      if (/^\d/.test(name) && whole) releases.add(name);
    }
  }
  return [...releases].sort((a, b) => compareKernelNames(b, a));
}
