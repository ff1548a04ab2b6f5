import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import {messageOf, UsageError} from '../util/errors.ts';
import {readAtMost} from '../util/files.ts';
import {root} from '../util/paths.ts';
import {nearest} from '../util/nearest.ts';
import {line, word} from './fields.ts';
import {ARCHES} from './image.ts';
import type {GuestSource, Manifest, Sources} from './sources/source.ts';
import {sources} from './sources/sources.ts';
import {parseYaml} from './yaml.ts';
import {MiB} from '../util/size.ts';

export type {Manifest} from './sources/source.ts';

/** Where the guests of memhp itself are described. */
export const manifestsDir = join(root, 'images');

/** What stands under `source`: exactly one of the table's sources. */
function sourceSchema(table: Sources) {
  const wanted = `expected exactly one of ${Object.keys(table).join(', ')}`;
  const fields = Object.entries(table).map(([name, {schema, title}]) => [name, schema.describe(title).optional()]);
  return z
    .strictObject(Object.fromEntries(fields) as Record<string, z.ZodOptional<GuestSource['schema']>>, {
      error: ({code}) => (code === 'unrecognized_keys' ? wanted : undefined),
    })
    .refine((source) => Object.keys(source).length === 1, {error: wanted, when: ({issues}) => issues.length === 0})
    .meta({minProperties: 1, maxProperties: 1});
}

/** The schema of guest files, for the sources of a table. */
export const manifestOf = (table: Sources): z.ZodType<Manifest> =>
  z.strictObject({
    name: word(/^[a-z0-9][a-z0-9.+-]{0,63}$/, 'a name of a-z, 0-9, ".", "+", "-"').describe(
      'the same as the file, without .yaml',
    ),
    distro: line().describe('e.g. debian'),
    release: line('expected a string; quote a number, e.g. "12"'),
    title: line().describe('for people, e.g. Debian 12 (bookworm)'),
    arch: z.enum(ARCHES),
    source: sourceSchema(table),
    prepare: z
      .array(
        z
          .string()
          .min(1)
          .regex(/^[^\0]*$/, 'expected no NUL'),
      )
      .default([])
      .describe('commands run once in the guest before it is frozen'),
  });

/** A guest file: where a guest comes from, and nothing about tests. */
export const manifest = manifestOf(sources);

/** The JSON Schema that editors use; `images/manifest.schema.json` is its text. */
export const manifestJsonSchema = (): string =>
  `${JSON.stringify({...z.toJSONSchema(manifest, {io: 'input'}), title: 'memhp guest'}, undefined, 2)}\n`;

/** One guest: the name of a manifest in images/, or the path of any other guest file. */
export async function loadManifest(nameOrPath: string, dir = manifestsDir): Promise<Manifest> {
  if (nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath)) return await readManifest(nameOrPath);
  const known = await listManifests(dir);
  const found = known.find(({name}) => name === nameOrPath);
  if (found) return found;
  const names = known.map(({name}) => name);
  const hint = nearest(nameOrPath, names);
  throw new UsageError(
    `unknown guest "${nameOrPath}"${hint ? `; did you mean ${hint}?` : ''}\n` +
      `known guests: ${names.join(', ')}; or give the path of a guest file (.yaml)`,
  );
}

/** All guests of images/, by name. A fault in any file is a UsageError that lists the faults of all of them. */
export async function listManifests(dir = manifestsDir): Promise<Manifest[]> {
  const files = (await readdir(dir)).filter((file) => /\.ya?ml$/.test(file)).sort();
  const results = await Promise.allSettled(files.map(async (file) => await readManifest(join(dir, file))));
  const faults = results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []));
  const manifests: Manifest[] = [];
  const fileOf = new Map<string, string>();
  for (const [i, result] of results.entries()) {
    if (result.status === 'rejected') continue;
    const {name} = result.value;
    const file = join(dir, files[i] ?? '');
    const other = fileOf.get(name);
    if (other !== undefined) faults.push(`${file}:1:1: name: "${name}" is also the name of ${other}; names are unique`);
    fileOf.set(name, file);
    manifests.push(result.value);
  }
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  // A file's name ends with .yaml: by it debian-12-s390x would come before debian-12.
  return manifests.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Debian stable's guest by what Node calls the host's architecture: with a userland where there is one. */
const DEFAULTS: Readonly<Record<string, string>> = {
  x64: 'debian-13', // stable since August 2025
  arm64: 'micro-13-arm64',
  ppc64: 'micro-13-ppc64el',
  s390x: 'micro-13-s390x',
  riscv64: 'micro-13-riscv64',
};

/** The guest that is run where none is named. Throws UsageError on a host without one. */
export function defaultGuest(arch: string = process.arch): string {
  const guest = DEFAULTS[arch];
  if (guest !== undefined) return guest;
  throw new UsageError(`there is no default guest for this host's architecture (${arch}); name one with --guest`);
}

/** Bytes of a guest file. */
const LARGEST = MiB;

async function readManifest(file: string): Promise<Manifest> {
  let text: string;
  try {
    text = (await readAtMost(file, LARGEST)).toString('utf8');
  } catch (error) {
    throw new UsageError(`${file}: can't read the guest file: ${messageOf(error)}`, {cause: error});
  }
  return parseYaml(file, text, manifest);
}
