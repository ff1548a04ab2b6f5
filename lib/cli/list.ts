import {profiles} from '../machine/profile.ts';
import {usingCache} from '../run/cache-use.ts';
import {kernelPackages} from '../run/kernels.ts';
import {Progress} from '../run/progress.ts';
import {UsageError} from '../util/errors.ts';
import {abortOnSignals} from './run.ts';
import {loadSuites, selectCases} from '../run/suites.ts';

export interface ListGiven {
  readonly json: boolean;
  readonly kernel: readonly string[];
  readonly mirror?: string | undefined;
}

/** `memhp list` */
export async function listCommand(patterns: string[], {json, kernel, mirror}: ListGiven, cache: string): Promise<void> {
  if (kernel.length > 0) {
    if (patterns.length > 0)
      throw new UsageError(`list --kernel lists kernels, not cases: leave "${patterns[0] ?? ''}" out`);
    await listKernels(kernel, {json, mirror}, cache);
    return;
  }
  if (mirror !== undefined) throw new UsageError('--mirror goes with --kernel: cases are fetched from nowhere');
  const cases = selectCases(await loadSuites(), patterns);
  if (json) {
    const rows = cases.map(({id, suite, title, claims, needs = [], boot, machine}) => ({
      id,
      suite,
      title,
      claims,
      needs,
      boot: boot?.append ?? '',
      machine: machine ?? profiles[0]?.name,
    }));
    process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    return;
  }
  const width = Math.max(...cases.map(({id}) => id.length));
  for (const {id, title} of cases) process.stdout.write(`${id.padEnd(width)}  ${title}\n`);
}

async function listKernels(
  patterns: readonly string[],
  {json, mirror}: Omit<ListGiven, 'kernel'>,
  cache: string,
): Promise<void> {
  const {log} = new Progress();
  const kernels = await usingCache(cache, (use) =>
    kernelPackages(patterns, use, {cache, mirror, log, signal: abortOnSignals()}),
  );
  if (json) {
    process.stdout.write(`${JSON.stringify(kernels, undefined, 2)}\n`);
    return;
  }
  const width = Math.max(...kernels.map(({release}) => release.length));
  for (const {release, name, version, suites, lacks} of kernels)
    process.stdout.write(
      `${release.padEnd(width)}  ${name} ${version}  ${suites.join(', ')}` +
        `${lacks.length > 0 ? `  left out: the archive lacks ${lacks.join(', ')}` : ''}\n`,
    );
}
