import {createHash} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {UsageError} from '../../../util/errors.ts';
import {lockFile} from '../../../util/file-lock.ts';
import type {Arch} from '../../image.ts';
import type {BuildOptions} from '../../store.ts';
import {needTools, runTool, ToolFailed} from '../../tool.ts';
import {hostMirror} from './mirror.ts';
import {SUITES} from './suites.ts';

/** Debian's keys, where its own package puts them. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export type AptOptions = BuildOptions & {readonly mirror?: string | undefined};

/** Runs one of apt's programs on lists of memhp's own; what it says. */
export type Apt = (program: 'apt-get' | 'apt-cache', args: readonly string[], cwd?: string) => Promise<string>;

/** What is looked for: in which suites, and what it is called where that is told. */
export interface Wanted {
  readonly suites: readonly string[];
  /** As in "looking for Debian's kernels". */
  readonly what: string;
}

/** sources.list of suites; security is beside the mirror's main archive, as on all of Debian's. */
export const sourcesList = (arch: Arch, mirror: string, suites = SUITES): string =>
  suites
    .map((suite) => {
      const base = mirror.replace(/\/+$/, '');
      const uri = suite.endsWith('-security') ? `${base}-security` : base;
      return `deb [arch=${arch} signed-by=${KEYRING}] ${uri} ${suite} main\n`;
    })
    .join('');

/** An apt with fresh lists of the suites, verified by it. Throws UsageError where the mirror can't be reached. */
export async function freshApt(
  arch: Arch,
  {cache, log, signal, mirror: asked}: AptOptions,
  {suites, what}: Wanted = {suites: SUITES, what: 'kernels'},
): Promise<Apt> {
  await needTools(`looking for Debian's ${what}`, ['apt-get', 'dpkg-deb']);
  const mirror = asked ?? (await hostMirror());
  const list = sourcesList(arch, mirror, suites);
  const root = join(cache, 'apt', `${arch}-${createHash('sha256').update(list).digest('hex').slice(0, 12)}`);
  for (const part of ['lists/partial', 'cache/archives/partial', 'parts'])
    await mkdir(join(root, part), {recursive: true});
  const given = settingsOf(root, arch).flatMap((setting) => ['-o', setting]);
  const apt: Apt = (program, args, cwd) =>
    runTool(program, [...given, ...args], {signal, ...(cwd === undefined ? {} : {cwd})});
  // apt doesn't wait for its own lock: of two that update the same lists one would fail.
  const lock = await lockFile(join(root, 'memhp.lock'), {waitMs: 10 * 60_000});
  if (!lock) throw new UsageError(`${root}: another memhp has been updating its package lists for ten minutes`);
  try {
    await writeFile(join(root, 'status'), '');
    await writeFile(join(root, 'sources.list'), list);
    log(`asking ${mirror} for ${what} of ${arch}`);
    await update(apt, {mirror, suites, log});
  } finally {
    await lock.release();
  }
  return apt;
}

/** apt's settings with all of its files below `root`, of one architecture. */
const settingsOf = (root: string, arch: Arch): string[] => [
  `Dir::State::lists=${join(root, 'lists')}`,
  `Dir::State::status=${join(root, 'status')}`,
  `Dir::Cache=${join(root, 'cache')}`,
  'Dir::Cache::pkgcache=pkgcache.bin',
  'Dir::Cache::srcpkgcache=srcpkgcache.bin',
  `Dir::Etc::sourcelist=${join(root, 'sources.list')}`,
  `Dir::Etc::sourceparts=${join(root, 'parts')}`,
  // What the host's own apt prefers is for the host.
  'Dir::Etc::preferences=/dev/null',
  `Dir::Etc::preferencesparts=${join(root, 'parts')}`,
  `APT::Architecture=${arch}`,
  `APT::Architectures=${arch}`,
  'Acquire::Languages=none',
  'APT::Update::Error-Mode=any',
  // The cache is its owner's alone: another user, to whom apt would change, couldn't write there.
  'APT::Sandbox::User=root',
];

async function update(
  apt: Apt,
  {mirror, suites, log}: {mirror: string; suites: readonly string[]; log: AptOptions['log']},
): Promise<void> {
  try {
    await apt('apt-get', ['update']);
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error;
    const {absent, trouble} = updateTrouble(error.output, suites);
    if (trouble.length > 0)
      throw new UsageError(
        `can't get the package lists of ${mirror}: ${trouble.slice(0, 3).join('; ')}; is there a network? ` +
          '--mirror names another mirror',
        {cause: error},
      );
    log(`${mirror} has no ${absent.join(', ')}`);
  }
}

/** What `apt-get update` complained of: suites that the mirror lacks, and everything else. */
export function updateTrouble(output: string, suites = SUITES): {absent: string[]; trouble: string[]} {
  const lines = output.split('\n').filter((line) => /^[EW]: /.test(line));
  const suiteOf = (line: string): string | undefined =>
    /^E: The repository '\S+ (\S+) Release' does not have a Release file/.exec(line)?.[1];
  const absent = lines.flatMap((line) => suiteOf(line) ?? []);
  const trouble = lines.filter((line) => suiteOf(line) === undefined).map((line) => line.slice(3));
  // A failure without a word, and a mirror without any of the suites, are none that can be passed over.
  const isTold = absent.length > 0 && absent.length < suites.length;
  return {absent, trouble: trouble.length > 0 || isTold ? trouble : ['none of the suites is there']};
}
