import {chmod, copyFile, lstat, readdir, realpath, rm, symlink} from 'node:fs/promises';
import {basename, join, relative} from 'node:path';
import {Broken} from '../../../../util/errors.ts';
import {isThere, namesIn} from '../../../../util/files.ts';

/** How a program in a tree of unpacked packages is started; paths are relative to the tree. */
export interface Layout {
  readonly program: string;
  /** The dynamic loader, in the program's directory. */
  readonly loader: string;
  /** Where libraries are. */
  readonly libraries: readonly string[];
  /** Where QEMU's modules are. */
  readonly modules: string;
}

/** What no program needs, below usr/share. */
const DOCS = ['bash-completion', 'bug', 'doc', 'info', 'lintian', 'locale', 'man', 'perl5', 'zsh'];

/**
 * Makes a tree of unpacked packages one that QEMU runs from and finds everything in. It looks for its firmware and its
 * modules from /proc/self/exe, which is the loader that it was started through: so that is copied beside it. Debian's
 * build then looks below `qemu-bundle` in that directory, before it looks at the host's (from 7.2 on).
 */
export async function layOut(tree: string, name: string): Promise<Layout> {
  const program = `usr/bin/${name}`;
  if (!(await isThere(join(tree, program)))) throw new Broken(`the packages of ${name} have no ${program} in them`);
  await keepOnly(tree, ['usr', 'lib', 'lib64']);
  await keepOnly(join(tree, 'usr'), ['bin', 'lib', 'lib64', 'share']);
  await keepOnly(join(tree, 'usr/bin'), [name]);
  for (const doc of DOCS) await rm(join(tree, 'usr/share', doc), {recursive: true, force: true});
  await dropRights(tree);
  const {loader, libraries} = await loaderIn(tree);
  await copyFile(join(tree, loader), join(tree, 'usr/bin/ld.so'));
  await symlink('../..', join(tree, 'usr/bin/qemu-bundle'));
  const modules = `usr/lib/${basename(libraries[0] ?? '')}/qemu`;
  return {program, loader: 'usr/bin/ld.so', libraries, modules};
}

/** The command that runs the program: with its own C library, and the libraries and modules of its own release. */
export const commandOf = (tree: string, {program, loader, libraries, modules}: Layout): string[] => [
  'env',
  `QEMU_MODULE_DIR=${join(tree, modules)}`,
  join(tree, loader),
  '--inhibit-cache',
  '--library-path',
  libraries.map((dir) => join(tree, dir)).join(':'),
  join(tree, program),
];

async function keepOnly(dir: string, kept: readonly string[]): Promise<void> {
  for (const name of await namesIn(dir))
    if (!kept.includes(name)) await rm(join(dir, name), {recursive: true, force: true});
}

/** Nothing in the cache is set-user-id: it is unpacked, not installed. */
async function dropRights(tree: string): Promise<void> {
  for (const entry of await readdir(tree, {recursive: true, withFileTypes: true})) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const {mode} = await lstat(path);
    if ((mode & 0o7000) !== 0) await chmod(path, mode & 0o777);
  }
}

async function directoriesIn(dir: string): Promise<string[]> {
  if (!(await isThere(dir))) return [];
  return (await readdir(dir, {withFileTypes: true})).filter((one) => one.isDirectory()).map(({name}) => name);
}

/** The C library's loader and the directories of libraries: `lib/TRIPLET`, below usr or beside it. */
async function loaderIn(tree: string): Promise<Pick<Layout, 'loader' | 'libraries'>> {
  for (const root of ['usr/lib', 'lib'])
    for (const triplet of await directoriesIn(join(tree, root))) {
      const name = (await namesIn(join(tree, root, triplet))).find((one) => /^ld(?:64)?[-.].*\.so\.\d+$/.test(one));
      if (name === undefined) continue;
      const real = relative(await realpath(tree), await realpath(join(tree, root, triplet, name)));
      if (real.startsWith('..')) throw new Broken(`${root}/${triplet}/${name} leads out of the packages, to ${real}`);
      const libraries: string[] = [];
      for (const dir of [`usr/lib/${triplet}`, `lib/${triplet}`])
        if (await isThere(join(tree, dir))) libraries.push(dir);
      return {loader: real, libraries};
    }
  throw new Broken('the packages have no loader of a C library in them (ld-*.so.*)');
}
