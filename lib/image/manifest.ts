import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import {messageOf, UsageError} from '../util/errors.ts';
import {readAtMost} from '../util/files.ts';
import {root} from '../util/paths.ts';
import {clean} from '../util/text.ts';
import {ARCHES} from './image.ts';
import {nearest} from '../util/nearest.ts';
import {parseYaml} from './yaml.ts';

/** Where the guests of memhp itself are described. */
export const manifestsDir = join(root, 'images');

const word = (pattern: RegExp, wanted: string) =>
  z.string({error: `expected ${wanted}`}).regex(pattern, `expected ${wanted}`);
/** One line that can be shown anywhere. */
const line = (error = 'expected string') =>
  z
    .string({error})
    .min(1)
    .max(200)
    .refine(
      (text) => clean(text) === text && !/[\n\u2028\u2029]/.test(text),
      'expected one line without control characters',
    );
const suite = word(/^[a-z][\w.-]{0,63}$/, 'the name of a suite, e.g. bookworm').describe(
  'suite of the mirror, e.g. bookworm',
);
const packageName = word(/^[a-z0-9][a-z0-9+.-]{0,127}$/, 'the name of a package');
const validUntil = z
  .enum(['check', 'ignore'])
  .default('check')
  .describe('ignore: take a Release file whose Valid-Until date has passed');

const packages = z
  .strictObject({
    suite,
    kernel: packageName.describe('package that brings the kernel, e.g. linux-image-amd64'),
    kernelSuite: suite
      .optional()
      .describe('suite of the same mirror that the kernel package comes from, e.g. bookworm-backports; absent: suite'),
    include: z.array(packageName).default([]).describe('packages beyond those that memhp needs'),
    validUntil,
  })
  .describe('a userland and a kernel from Debian packages');

const micro = z
  .strictObject({
    suite: suite.optional(),
    kernel: packageName.optional().describe('package that brings the kernel; absent: --kernel gives it'),
    validUntil,
  })
  .refine(
    ({suite, kernel}) => (suite === undefined) === (kernel === undefined),
    'expected suite and kernel, or neither',
  )
  .describe('a kernel and a generated initramfs, no userland');

const source = z
  .strictObject({packages: packages.optional(), micro: micro.optional()})
  .refine(
    ({packages, micro}) => (packages === undefined) !== (micro === undefined),
    'expected exactly one of packages, micro',
  )
  .meta({minProperties: 1, maxProperties: 1});

/** A guest file: where a guest comes from, and nothing about tests. */
export const manifest = z.strictObject({
  name: word(/^[a-z0-9][a-z0-9.+-]{0,63}$/, 'a name of a-z, 0-9, ".", "+", "-"').describe(
    'the same as the file, without .yaml',
  ),
  distro: line().describe('e.g. debian'),
  release: line('expected a string; quote a number, e.g. "12"'),
  title: line().describe('for people, e.g. Debian 12 (bookworm)'),
  arch: z.enum(ARCHES),
  source,
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

export type Manifest = z.infer<typeof manifest>;
export type PackagesSource = z.infer<typeof packages>;
export type MicroSource = z.infer<typeof micro>;

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
  return manifests;
}

/** The host architecture's Debian stable. */
export function defaultGuest(arch: string = process.arch): string {
  if (arch === 'x64') return 'debian-13'; // stable since August 2025
  throw new UsageError(`there is no default guest for this host's architecture (${arch}); name one with --guest`);
}

/** Bytes of a guest file. */
const LARGEST = 1024 * 1024;

async function readManifest(file: string): Promise<Manifest> {
  let text: string;
  try {
    text = (await readAtMost(file, LARGEST)).toString('utf8');
  } catch (error) {
    throw new UsageError(`${file}: can't read the guest file: ${messageOf(error)}`, {cause: error});
  }
  return parseYaml(file, text, manifest);
}
