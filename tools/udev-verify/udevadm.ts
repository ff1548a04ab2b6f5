import {existsSync} from 'node:fs';
import {mkdir, mkdtemp, readdir, rename, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import type {UdevdLevel} from '../../lib/udev/rules/rule.ts';
import {apt, type Suite} from './apt.ts';

/** What `udevadm verify` says of one line. */
export interface Issue {
  readonly level: UdevdLevel;
  readonly line: number;
  readonly text: string;
}

/** What it says of a file: whether it passes, and why not. */
export interface Said {
  readonly passes: boolean;
  readonly issues: readonly Issue[];
}

/** The udevadm of a release: unpacked, with the libraries of the same release, and run by its own loader. */
export interface Udevadm {
  readonly suite: Suite;
  readonly version: string;
  readonly verify: (paths: readonly string[]) => Promise<Map<string, Said>>;
}

/** Fetches udev of a release and the libraries it needs. Nothing is installed. */
export async function udevadmOf(cache: string, suite: Suite): Promise<Udevadm> {
  const root = join(cache, `udevadm-${suite}`);
  if (!existsSync(root)) {
    const own = await apt(join(cache, `apt-${suite}`), [suite], false);
    const plan = await own.run('apt-get', ['-s', '--no-install-recommends', 'install', 'udev']);
    const names = [...plan.matchAll(/^Inst (\S+)/gm)]
      .map(([, name]) => name ?? '')
      .filter((name) => name === 'udev' || name === 'systemd' || name.startsWith('lib'));
    const debs = await mkdtemp(join(tmpdir(), 'memhp-udevadm-'));
    await own.run('apt-get', ['download', '-q', ...names], debs);
    await mkdir(`${root}.part`, {recursive: true});
    for (const deb of await readdir(debs)) await execa('dpkg-deb', ['-x', join(debs, deb), `${root}.part`]);
    await rm(debs, {recursive: true});
    await rename(`${root}.part`, root);
  }
  const run = runner(root);
  const {stdout} = await run(['--version']);
  return {suite, version: stdout.split('\n')[0] ?? '', verify: async (paths) => await verify(run, paths)};
}

type Run = (args: readonly string[]) => Promise<{stdout: string; stderr: string}>;

function runner(root: string): Run {
  const dirs = [
    'usr/lib/x86_64-linux-gnu',
    'lib/x86_64-linux-gnu',
    'usr/lib/x86_64-linux-gnu/systemd',
    'usr/lib/systemd',
  ].map((dir) => join(root, dir));
  const loader =
    ['usr/lib64/ld-linux-x86-64.so.2', 'lib64/ld-linux-x86-64.so.2', 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2']
      .map((path) => join(root, path))
      .find(existsSync) ?? '';
  const program = ['usr/bin/udevadm', 'bin/udevadm'].map((path) => join(root, path)).find(existsSync) ?? '';
  return async (args) =>
    await execa(loader, ['--library-path', dirs.join(':'), program, ...args], {
      reject: false,
      maxBuffer: 2 ** 28,
      env: {SYSTEMD_LOG_TARGET: 'console-prefixed', SYSTEMD_LOG_LEVEL: 'info', LC_ALL: 'C'},
    });
}

/** By syslog's numbers. */
const LEVELS: Readonly<Record<number, UdevdLevel>> = {3: 'error', 4: 'warning', 5: 'notice'};

async function verify(run: Run, paths: readonly string[]): Promise<Map<string, Said>> {
  const said = new Map<string, {passes: boolean; issues: Issue[]}>(
    paths.map((path) => [path, {passes: true, issues: []}]),
  );
  for (let i = 0; i < paths.length; i += 200) {
    const {stderr} = await run(['verify', '--resolve-names=late', '--no-summary', ...paths.slice(i, i + 200)]);
    for (const line of stderr.split('\n')) {
      const [, priority = '', rest = ''] = /^<(\d+)>(.*)$/s.exec(line) ?? [];
      const [, path = '', number = '0', text = ''] = /^(.*?\.rules):(\d*) (.*)$/s.exec(rest) ?? [];
      const unread = /^Failed to parse rules file (.*\.rules): (.*)$/.exec(rest);
      const file = said.get(unread?.[1] ?? path);
      if (!file) continue;
      const verdict = text === 'udev rules check failed.' || text === 'udev rules have style issues.';
      if (unread) file.issues.push({level: 'error', line: 0, text: unread[2] ?? ''});
      if (unread || verdict) file.passes = false;
      else file.issues.push({level: LEVELS[Number(priority) & 7] ?? 'error', line: Number(number), text});
    }
  }
  return said;
}
