import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import {isThere} from '../../lib/util/files.ts';

/** The releases whose packages are looked at. */
export const suites = ['bullseye', 'bookworm', 'trixie', 'sid'] as const;
export type Suite = (typeof suites)[number];

/** A package of a release. */
export interface Package {
  readonly suite: Suite;
  readonly name: string;
  readonly version: string;
}

/** apt with lists and a cache of its own, as a user: it neither reads nor changes what the host has installed. */
export interface Apt {
  readonly dir: string;
  readonly run: (command: string, args: readonly string[], cwd?: string) => Promise<string>;
}

/** Prepares apt for some releases and fetches their lists, once: what is there is used as it is. */
export async function apt(dir: string, from: readonly Suite[], contents: boolean): Promise<Apt> {
  for (const sub of ['lists/partial', 'cache/archives/partial']) await mkdir(join(dir, sub), {recursive: true});
  const config = join(dir, 'apt.conf');
  await writeFile(join(dir, 'status'), '');
  await writeFile(
    join(dir, 'sources.list'),
    from.map((suite) => `deb http://deb.debian.org/debian ${suite} main\n`).join(''),
  );
  await writeFile(config, configOf(dir, contents));
  const run = async (command: string, args: readonly string[], cwd = dir): Promise<string> => {
    const {stdout} = await execa(command, args, {cwd, env: {APT_CONFIG: config, LC_ALL: 'C'}, maxBuffer: 2 ** 28});
    return stdout;
  };
  const complete = join(dir, 'lists-complete'); // lists that were there before an update failed are not all of them
  if (!(await isThere(complete))) {
    await run('apt-get', ['update', '-q', '-o', 'APT::Update::Error-Mode=any']);
    await writeFile(complete, '');
  }
  return {dir, run};
}

function configOf(dir: string, contents: boolean): string {
  const target = (name: string, arch: string): string => `Acquire::IndexTargets::deb::${name} {
  MetaKey "$(COMPONENT)/Contents-${arch}"; ShortDescription "Contents-${arch}"; Description "$(RELEASE) Contents-${arch}"; PDiffs "false"; KeepCompressed "true";
};\n`;
  return `Dir::Etc::sourcelist "${dir}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "${dir}/lists";
Dir::State::status "${dir}/status";
Dir::Cache "${dir}/cache";
APT::Sandbox::User "";
APT::Architecture "amd64";
APT::Architectures "amd64";
Acquire::Languages "none";
${contents ? target('Contents-own', '$(NATIVE_ARCHITECTURE)') + target('Contents-every', 'all') : ''}`;
}

/**
 * The lines of apt's lists of a release that match an extended regular expression; `word`: which lists, by their names.
 */
export async function* listLines({dir, run}: Apt, suite: Suite, word: string, pattern: string): AsyncGenerator<string> {
  const names = (await readdir(join(dir, 'lists')))
    .filter((name) => name.includes(`_${suite}_`) && name.includes(word))
    .sort();
  for (const name of names) {
    const text = await run('sh', [
      '-c',
      '/usr/lib/apt/apt-helper cat-file "$1" | grep -E -- "$2"',
      'sh',
      join(dir, 'lists', name),
      pattern,
    ]);
    yield* text.split('\n');
  }
}
