import {mkdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {createHash} from 'node:crypto';
import {compareVersions} from '../../util/debian-version.ts';
import {Broken, UsageError} from '../../util/errors.ts';
import {namesIn} from '../../util/files.ts';
import {entryName} from '../entry.ts';
import type {Apt, AptOptions} from '../sources/debian/apt.ts';
import {buildEntry, imagesDir} from '../store.ts';
import {runTool} from '../tool.ts';

/** A package with the kernel's source as Debian builds it. */
export interface SourcePackage {
  /** `linux-source-6.12`. */
  readonly name: string;
  /** The package's version: `6.12.118-1`. */
  readonly version: string;
}

/** The release of Linux that a package has: `6.12.118` of `6.12.118-1~bpo12+1`. */
export const releaseOf = ({version}: SourcePackage): string => /^[\d.]+/.exec(version)?.[0] ?? version;

/** The newest kernel source of a suite. Throws UsageError where it has none. */
export async function findSource(apt: Apt, suite: string): Promise<SourcePackage> {
  const names = (await apt('apt-cache', ['pkgnames', 'linux-source-']))
    .split('\n')
    .filter((name) => /^linux-source-\d[\d.]*$/.test(name));
  const all = names.length === 0 ? [] : sourcesIn(await apt('apt-cache', ['madison', ...names]));
  const there = all.filter((one) => one.suite === suite).sort((a, b) => compareVersions(a.version, b.version));
  const newest = there.at(-1);
  if (newest) return {name: newest.name, version: newest.version};
  const suites = [...new Set(all.map((one) => one.suite))].sort();
  throw new UsageError(
    `--suite ${suite}: the mirror has no linux-source package of it; it has some of ${suites.join(', ') || 'no suite'}`,
  );
}

/** Packages and their suites in what `apt-cache madison` prints. */
export const sourcesIn = (madison: string): (SourcePackage & {suite: string})[] =>
  madison.split('\n').flatMap((line) => {
    const [name = '', version = '', source = ''] = line.split('|').map((part) => part.trim());
    const suite = /^\S+ ([^/\s]+)\/\S+ \S+ Packages$/.exec(source)?.[1];
    return suite === undefined ? [] : [{name, version, suite}];
  });

/** The unpacked source: one entry of the cache for all kernels that are built of it. */
export async function unpackedSource({name, version}: SourcePackage, apt: Apt, options: AptOptions): Promise<string> {
  const inputs = JSON.stringify({form: 'whole', name, version, mirror: options.mirror ?? null});
  const entry = entryName(name, createHash('sha256').update(inputs).digest('hex'));
  await buildEntry(entry, options, async (dir) => {
    const {log, signal} = options;
    log(`fetching ${name} ${version}`);
    const [packages, tree] = [join(dir, 'packages'), join(dir, 'tree')];
    await mkdir(packages);
    await apt('apt-get', ['download', `${name}=${version}`], packages);
    const files = await namesIn(packages);
    if (files.length !== 1) throw new Broken(`${name}: apt fetched ${files.length} packages, wanted one`);
    log(`unpacking ${name} ${version}`);
    await runTool('dpkg-deb', ['-x', join(packages, files[0] ?? ''), tree], {signal});
    const archives = (await namesIn(join(tree, 'usr/src'))).filter((file) => file.startsWith(`${name}.tar`));
    if (archives.length !== 1)
      throw new Broken(`${name} ${version} has ${archives.length} archives ${name}.tar… in /usr/src, expected one`);
    const source = join(dir, 'source');
    await mkdir(source);
    const archive = join(tree, 'usr/src', archives[0] ?? '');
    await runTool('tar', ['-xf', archive, '-C', source, '--strip-components=1', '--no-same-owner'], {signal});
    await rm(tree, {recursive: true});
    await rm(packages, {recursive: true});
  });
  return join(imagesDir(options.cache), entry, 'source');
}
