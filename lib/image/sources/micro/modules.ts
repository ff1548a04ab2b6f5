import type {Dirent} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {promisify} from 'node:util';
import {gunzip} from 'node:zlib';
import {execa, ExecaError} from 'execa';
import {messageOf, UsageError} from '../../../util/errors.ts';
import {isThere} from '../../../util/files.ts';
import {needTools} from '../../tool.ts';
import {MiB} from '../../../util/size.ts';

/** What a guest needs to be talked to and to get memory plugged; where one is built in there is no file of it. */
const LOADED = ['virtio_pci', 'virtio_console', 'virtio_blk', 'virtio_mem', 'virtio_balloon'];
/** What cases load by themselves. */
const SPARE = ['memory_notifier_error_inject'];
export const WANTED: readonly string[] = [...LOADED, ...SPARE];

/** No module that a guest needs is larger, debugging symbols included. */
const MAX_MODULE = 64 * MiB;

/** A kernel module, unpacked. */
export interface KernelModule {
  readonly name: string;
  readonly data: Buffer;
  /** What it depends on, directly. */
  readonly depends: readonly string[];
  /** Is it only there for whoever loads it? */
  readonly spare?: true;
}

/**
 * The modules a guest loads, each after what it depends on, and those it only has; a micro guest's where none are named. Dependencies are read from the modules themselves:
 * a package that was only unpacked has no modules.dep yet.
 */
export async function pickModules(
  dir: string,
  version: string | undefined,
  {loaded, spare}: {readonly loaded: readonly string[]; readonly spare: readonly string[]} = {
    loaded: LOADED,
    spare: SPARE,
  },
): Promise<KernelModule[]> {
  const files = await indexModules(await ofVersion(dir, version));
  const picked = new Map<string, KernelModule>();
  const pick = async (name: string, mark: {spare?: true}, wantedBy?: string): Promise<void> => {
    if (picked.has(name)) return;
    const file = files.get(name);
    if (file === undefined) {
      if (wantedBy === undefined) return;
      throw new UsageError(
        `${dir}: module ${name}, which ${wantedBy} depends on, is not there; install all modules of this kernel`,
      );
    }
    const data = await unpack(file);
    const info = modinfo(data);
    const builtFor = /^\S+/.exec(info['vermagic'] ?? '')?.[0];
    if (version !== undefined && builtFor !== undefined && builtFor !== version) {
      throw new UsageError(`${file}: built for kernel ${builtFor}, but the kernel given is ${version}`);
    }
    const depends = (info['depends'] ?? '')
      .split(',')
      .filter(Boolean)
      .map((dependency) => plain(dependency));
    for (const dependency of depends) await pick(dependency, mark, name);
    picked.set(name, {name, data, depends, ...mark});
  };
  for (const name of loaded) await pick(name, {});
  for (const name of spare) await pick(name, {spare: true});
  return [...picked.values()];
}

/**
 * modules.dep of these modules, all in one directory, for modprobe: each with all that it needs, what is needed first
 * at the end. Source: modules.dep(5).
 */
export function modulesDep(modules: readonly KernelModule[]): string {
  const needs = new Map<string, readonly string[]>();
  for (const {name, depends} of modules)
    needs.set(name, [...new Set(depends.flatMap((one) => [one, ...(needs.get(one) ?? [])]))]);
  return [...needs].map(([name, all]) => `${name}.ko:${all.map((one) => ` ${one}.ko`).join('')}\n`).join('');
}

/** Module names by file; `-` and `_` are the same to the kernel. */
const plain = (name: string): string => name.replaceAll('-', '_');

/** The part of the directory that is the kernel's own, where it holds modules of several. */
async function ofVersion(dir: string, version: string | undefined): Promise<string> {
  if (version === undefined) return dir;
  const places = ['lib/modules', 'usr/lib/modules', ''].map((part) => join(dir, part, version));
  const there = await Promise.all(places.map((place) => isThere(place)));
  return places.find((_, i) => there[i]) ?? dir;
}

async function indexModules(dir: string): Promise<Map<string, string>> {
  let entries: Dirent[];
  try {
    // With types, or it would follow links: `build` leads to a whole kernel tree, and may lead back.
    entries = await readdir(dir, {recursive: true, withFileTypes: true});
  } catch (error) {
    throw new UsageError(`${dir}: can't read the modules: ${messageOf(error)}`, {cause: error});
  }
  const files = new Map<string, string>();
  for (const entry of entries) {
    const name = /^(.+)\.ko(?:\.(?:xz|zst|gz))?$/.exec(entry.name)?.[1];
    if (name !== undefined && !entry.isDirectory()) files.set(plain(name), join(entry.parentPath, entry.name));
  }
  if (files.size === 0) {
    throw new UsageError(
      `${dir}: no kernel modules (*.ko) in there; expected /lib/modules/VERSION or a directory that contains it`,
    );
  }
  return files;
}

/** busybox can't be relied on to unpack modules, so it is done here. */
async function unpack(file: string): Promise<Buffer> {
  try {
    return await unpacked(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${file}: can't unpack the module: ${error instanceof ExecaError ? error.shortMessage : messageOf(error)}`,
      {cause: error},
    );
  }
}

async function unpacked(file: string): Promise<Buffer> {
  if (file.endsWith('.gz')) return await promisify(gunzip)(await readFile(file), {maxOutputLength: MAX_MODULE});
  const tool = file.endsWith('.xz') ? 'xz' : file.endsWith('.zst') ? 'zstd' : undefined;
  if (tool === undefined) return await readFile(file);
  await needTools(`unpacking ${basename(file)}`, [tool]);
  const {stdout} = await execa(tool, ['-dc', '--', file], {encoding: 'buffer', maxBuffer: MAX_MODULE});
  return Buffer.from(stdout);
}

/** The `key=value` strings of the section .modinfo, found by their form; the first of each key. */
export function modinfo(module: Buffer): Record<string, string> {
  const info: Record<string, string> = {};
  for (const key of ['vermagic', 'depends']) {
    const start = module.indexOf(`\0${key}=`, 0, 'latin1');
    if (start === -1) continue;
    const from = start + key.length + 2;
    const end = module.indexOf(0, from);
    info[key] = module.toString('latin1', from, end < 0 ? module.length : end);
  }
  return info;
}
