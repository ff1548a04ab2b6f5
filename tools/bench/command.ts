import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {execa} from 'execa';
import {Broken} from '../../lib/util/errors.ts';
import {root} from '../../lib/util/paths.ts';
import {timed} from './stats.ts';

/** What a command took. */
export interface Cost {
  readonly ms: number;
  /** The most memory of each of its node processes, in MB, largest first. */
  readonly peaks: readonly number[];
}

/** Runs memhp as a user does, and measures it from outside. Throws Broken where it doesn't end with 0. */
export async function memhp(args: readonly string[], env: Record<string, string> = {}): Promise<Cost> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-peak-'));
  const file = join(dir, 'peaks');
  try {
    const hook = pathToFileURL(join(root, 'tools/bench/peak.js')).href;
    const {ms, value} = await timed(() =>
      execa(process.execPath, [join(root, 'lib/cli/bin.js'), ...args], {
        env: {...env, NODE_OPTIONS: `--import=${hook}`, MEMHP_BENCH_PEAK: file},
        reject: false,
        all: true,
        stdin: 'ignore',
      }),
    );
    if (value.exitCode !== 0)
      throw new Broken(`memhp ${args.join(' ')}: status ${value.exitCode ?? value.signal ?? 'none'}: ${value.all}`);
    const peaks = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((kib) => (Number(kib) * 1024) / 1e6);
    return {ms, peaks: peaks.sort((a, b) => b - a)};
  } finally {
    await rm(dir, {recursive: true});
  }
}
