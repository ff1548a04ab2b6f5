import {existsSync} from 'node:fs';
import {mkdir, readdir, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import {apt, listLines, suites, type Apt, type Package, type Suite} from './apt.ts';

/** Packages fetched by one call of apt. */
const BATCH = 250;

/** Rule files of Debian's packages, unpacked below a directory: SUITE/PACKAGE/…/NAME.rules. */
export interface Debian {
  readonly dir: string;
  readonly packages: readonly Package[];
  /** Packages that the mirror names and does not have. */
  readonly missing: readonly Package[];
}

/**
 * Fetches the packages of all releases that have rule files, and keeps the rule files alone. What is there is not
 * fetched again.
 */
export async function debianRules(cache: string, say: (line: string) => void): Promise<Debian> {
  const dir = join(cache, 'rules');
  const own = await apt(join(cache, 'apt'), suites, true);
  const packages: Package[] = [];
  for (const suite of suites) packages.push(...(await withRules(own, suite)));
  const wanted = packages.filter((one) => !existsSync(placeOf(dir, one)));
  for (let i = 0; i < wanted.length; i += BATCH) {
    say(`packages ${i} of ${wanted.length}`);
    await fetchBatch(own, dir, wanted.slice(i, i + BATCH));
  }
  const missing = packages.filter((one) => !existsSync(placeOf(dir, one)));
  return {dir, packages: packages.filter((one) => !missing.includes(one)), missing};
}

const placeOf = (dir: string, {suite, name, version}: Package): string =>
  join(dir, suite, `${name}_${version.replaceAll(':', '%3a')}`);

/** Packages of a release with files in a udev/rules.d, by the lists of contents. */
async function withRules(own: Apt, suite: Suite): Promise<Package[]> {
  const names = new Set<string>();
  for await (const line of listLines(own, suite, '_Contents-', '^(usr/)?lib/udev/rules\\.d/[^ ]+\\.rules[[:space:]]')) {
    const places = /\s(\S+)$/.exec(line)?.[1] ?? '';
    for (const place of places.split(',')) names.add(place.slice(place.lastIndexOf('/') + 1));
  }
  const packages: Package[] = [];
  let name = '';
  for await (const line of listLines(own, suite, '_Packages', '^(Package|Version): ')) {
    const [, key, value = ''] = /^(\w+): (.*)$/.exec(line) ?? [];
    if (key === 'Package') name = value;
    else if (names.has(name)) packages.push({suite, name, version: value});
  }
  return packages;
}

async function fetchBatch(own: Apt, dir: string, batch: readonly Package[]): Promise<void> {
  const debs = join(own.dir, 'debs');
  await rm(debs, {recursive: true, force: true});
  await mkdir(debs, {recursive: true});
  const names = batch.map(({name, version}) => `${name}=${version}`);
  // those that the mirror lacks are counted
  await own.run('apt-get', ['download', '-q', ...names], debs).catch(() => '');
  for (const deb of await readdir(debs)) {
    const one = batch.filter(({name, version}) => deb.startsWith(`${name}_${version.replaceAll(':', '%3a')}_`));
    if (one.length > 0)
      await unpack(
        join(debs, deb),
        one.map((found) => placeOf(dir, found)),
      );
  }
  await rm(debs, {recursive: true, force: true});
}

/** Unpacks the rule files of a package; its place is there only when that is done. */
async function unpack(deb: string, places: readonly string[]): Promise<void> {
  for (const place of places) {
    await mkdir(`${place}.part`, {recursive: true});
    const {stderr, failed} = await execa('dpkg-deb', ['--fsys-tarfile', deb], {buffer: false}).pipe(
      'tar',
      ['-x', '--no-same-owner', '--wildcards', '-C', `${place}.part`, '*udev/rules.d/*'],
      {reject: false},
    );
    if (failed && !stderr.includes('Not found in archive')) throw new Error(`${deb}: ${stderr}`);
    await rename(`${place}.part`, place);
  }
}
