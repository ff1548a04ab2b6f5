import {usingCache, type CacheUse} from '../run/cache-use.ts';
import {hostsOf, prepareImages, prepareTemplates, wantedConfigs, type Prepared} from '../run/prepare.ts';
import {defaultJobs} from '../run/host.ts';
import type {RunOptions} from '../run/options.ts';
import {Progress} from '../run/progress.ts';
import {loadSuites} from '../run/suites.ts';
import {abortOnSignals} from './run.ts';

/** The command's options, as they come from the command line. */
export type BuildGiven = Omit<RunOptions, 'patterns' | 'guests'> & {guest: string[]};

/** `memhp build`: everything that `run` would need is in the cache afterwards. 3 where a guest doesn't come up. */
export const buildCommand = (guests: string[], given: BuildGiven): Promise<number> =>
  usingCache(given.cache, (use) => build(guests, given, use));

async function build(guests: string[], {guest, ...given}: BuildGiven, use: CacheUse): Promise<number> {
  const options: RunOptions = {...given, patterns: [], guests: [...guests, ...guest]};
  const signal = abortOnSignals();
  const {log} = new Progress();
  const cases = await loadSuites();
  const guestsThere = await prepareImages(options, use, log, signal);
  const {templates} = await prepareTemplates(options, guestsThere, cases, options.jobs ?? defaultJobs(), log, signal);
  let status = 0;
  for (const {key} of wantedConfigs(await hostsOf(guestsThere, options, log), cases, options.append)) {
    const template = templates[key];
    if (!template || 'broken' in template) status = 3;
    process.stdout.write(`${key.trim()}: ${stateOf(template)}\n`);
  }
  return status;
}

function stateOf(template: Prepared['templates'][string] | undefined): string {
  if (!template) return 'interrupted';
  if ('broken' in template) return template.broken;
  if ('absent' in template)
    return typeof template.absent === 'string'
      ? template.absent
      : `not booted, no case can run on it: ${[...new Set(Object.values(template.absent))].join('; ')}`;
  return `ready, kernel ${template.facts.kernel}`;
}
