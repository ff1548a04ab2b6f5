import {readdir, readFile} from 'node:fs/promises';
import {dirname, join, relative} from 'node:path';
import {promisify} from 'node:util';
import {gzip} from 'node:zlib';
import {root} from '../../../util/paths.ts';
import {cpio, type Member} from '../../cpio.ts';
import {modulesDep, type KernelModule} from './modules.ts';

const microroot = join(root, 'lib/image/sources/micro/root');

export interface MicroParts {
  readonly busybox: Buffer;
  readonly modules: readonly KernelModule[];
  /** The kernel's config, for /boot. */
  readonly config?: {readonly name: string; readonly data: Buffer} | undefined;
  /** Text of the shell server. */
  readonly serve: string;
}

/** The micro guest's whole userland: busybox as init, our few scripts, the modules. */
export const microInitramfs = ({config, serve, ...parts}: MicroParts): Promise<Buffer> =>
  busyboxInitramfs({
    ...parts,
    scripts: microroot,
    files: [
      {path: 'usr/lib/memhp/serve', kind: 'file', data: Buffer.from(serve)},
      {path: 'lib/modules/modules.dep', kind: 'file', data: Buffer.from(modulesDep(parts.modules))},
      ...(config ? [{path: `boot/${config.name}`, kind: 'file' as const, data: config.data}] : []),
    ],
  });

type FileMember = Member & {kind: 'file'};

export interface BusyboxParts extends Pick<MicroParts, 'busybox' | 'modules'> {
  /** A directory of files of ours: an inittab, and what it starts. */
  readonly scripts: string;
  readonly files?: readonly FileMember[];
}

/** busybox as init, a directory of scripts, and modules, whose names are in etc/memhp/modules in the order of loading. */
export async function busyboxInitramfs({busybox, modules, scripts, files: more = []}: BusyboxParts): Promise<Buffer> {
  const loaded = modules.filter(({spare}) => spare !== true);
  const files: FileMember[] = [
    ...more,
    {path: 'bin/busybox', kind: 'file', data: busybox, mode: 0o755},
    {path: 'etc/memhp/modules', kind: 'file', data: Buffer.from(loaded.map(({name}) => `${name}\n`).join(''))},
    ...modules.map(({name, data}) => ({path: `lib/modules/${name}.ko`, kind: 'file' as const, data})),
  ];
  for (const entry of await readdir(scripts, {recursive: true, withFileTypes: true})) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.push({path: relative(scripts, file), kind: 'file', data: await readFile(file)});
  }
  const directories = [
    ...new Set(files.flatMap(({path}) => parents(path))),
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'root',
    'sbin',
  ].sort();
  const archive = cpio([
    ...directories.map((path) => ({path, kind: 'dir' as const})),
    // init needs a console before devtmpfs is mounted, and a kernel with an initramfs of its own may not bring one.
    {path: 'dev/console', kind: 'char', major: 5, minor: 1},
    // An ELF file, not a script: a kernel without CONFIG_BINFMT_SCRIPT has to start it as well.
    {path: 'init', kind: 'link', target: 'bin/busybox'},
    ...files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  ]);
  return await promisify(gzip)(archive);
}

/** `a/b/c` → `a`, `a/b`. */
function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? [] : [...parents(parent), parent];
}
