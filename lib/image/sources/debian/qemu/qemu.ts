import {createHash} from 'node:crypto';
import {mkdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import {Broken, UsageError} from '../../../../util/errors.ts';
import {namesIn, readIfThere, writeWhole} from '../../../../util/files.ts';
import {entryName} from '../../../entry.ts';
import {buildEntry, imagesDir, type BuildOptions} from '../../../store.ts';
import {runTool} from '../../../tool.ts';
import type {Apt} from '../apt.ts';
import {firmwareOutside, librariesOutside} from './outside.ts';
import type {QemuPackages} from './packages.ts';
import {commandOf, layOut, type Layout} from './tree.ts';

/** A QEMU in the cache. */
export interface FetchedQemu {
  /** What it is started by. */
  readonly command: readonly string[];
  /** Where its packages were unpacked: what a package has as /usr/share/… is below it. */
  readonly root: string;
}

/** Change it when what was unpacked before can't be used by this code any more. */
const FORM = 1;
/** Written last, and only into what was verified. */
const FILE = 'qemu.json';
const layout = z.strictObject({
  program: z.string(),
  loader: z.string(),
  libraries: z.array(z.string()).min(1),
  modules: z.string(),
});

/**
 * A QEMU of Debian's, unpacked beside the system: once into the cache, for the same packages in the same versions.
 * Nothing of it is installed, and no script of a package is run. Throws Broken where it would not run by itself.
 */
export async function unpackedQemu(found: QemuPackages, apt: Apt, options: BuildOptions): Promise<FetchedQemu> {
  const {program, system, packages} = found;
  // The loader takes a list of directories with colons between.
  if (options.cache.includes(':'))
    throw new UsageError(
      `${options.cache}: a QEMU of Debian's can't be run from a cache whose path has a colon in it; MEMHP_CACHE names ` +
        'another place for it',
    );
  const key = createHash('sha256')
    .update(JSON.stringify([FORM, program, packages.map(({name, version}) => `${name}=${version}`)]))
    .digest('hex');
  const entry = entryName(`${program}-${system}`, key);
  const dir = join(imagesDir(options.cache), entry);
  if ((await readIfThere(join(dir, FILE))) === undefined)
    await buildEntry(entry, options, (work) => unpack(found, apt, work, options));
  const parsed = layout.safeParse(JSON.parse(await readFile(join(dir, FILE), 'utf8')));
  if (!parsed.success) throw new Broken(`${join(dir, FILE)}: not what memhp writes; remove ${dir} and run again`);
  const root = join(dir, 'root');
  return {command: commandOf(root, parsed.data), root};
}

async function unpack(
  {program, system, packages}: QemuPackages,
  apt: Apt,
  dir: string,
  {log, signal}: BuildOptions,
): Promise<void> {
  log(`fetching ${program} of ${system}: ${packages.length} packages`);
  const [archives, root] = [join(dir, 'packages'), join(dir, 'root')];
  await mkdir(archives);
  await apt('apt-get', ['download', ...packages.map(({name, version}) => `${name}=${version}`)], archives);
  const files = await namesIn(archives);
  if (files.length !== packages.length)
    throw new Broken(`${program} of ${system}: apt fetched ${files.length} packages, wanted ${packages.length}`);
  for (const file of files) await runTool('dpkg-deb', ['-x', join(archives, file), root], {signal});
  await rm(archives, {recursive: true});
  const made = await layOut(root, program);
  await verify(root, made, packages);
  await writeWhole(join(dir, FILE), `${JSON.stringify(made, undefined, 2)}\n`);
}

/** It runs, is of the version that apt named, and takes nothing of the host's: libraries, modules, firmware. */
async function verify(root: string, made: Layout, packages: QemuPackages['packages']): Promise<void> {
  const command = commandOf(root, made);
  const [env = '', ...words] = command;
  const said = async (...args: string[]): Promise<string> => runTool(env, [...words, ...args], {name: made.program});
  const version = await said('--version');
  if (!packages.some(({name, version: one}) => name.startsWith('qemu-system-') && version.includes(`(Debian ${one})`)))
    throw new Broken(`${made.program} says that it is ${version.split('\n')[0] ?? ''}, which is none of its packages`);
  const loaded = [made.program, ...(await namesIn(join(root, made.modules))).map((name) => join(made.modules, name))];
  const outside = firmwareOutside(await said('-L', 'help'), root).map((path) => `firmware in ${path}`);
  for (const file of loaded) {
    const list = await runTool(env, [...words.slice(0, -1), '--list', join(root, file)], {name: 'ld.so'});
    outside.push(...librariesOutside(list, root).map((line) => `${file}: ${line}`));
  }
  if (outside.length > 0)
    throw new Broken(
      `${made.program} would take something of the host's, or lacks it:\n${outside.slice(0, 20).join('\n')}`,
    );
}
