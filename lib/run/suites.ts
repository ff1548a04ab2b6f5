import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import picomatch from 'picomatch';
import {cases, type Case} from '../conformance/runner/case.ts';
import {UsageError} from '../util/errors.ts';
import {dist, root} from '../util/paths.ts';
import {placeIn} from './place.ts';

/**
 * Loads every suite and returns its cases, in the order of suites and of declaration. Throws UsageError, with file and
 * line, for one that can't be loaded.
 */
export async function loadSuites(dir = join(dist ?? root, 'suites')): Promise<Case[]> {
  const files = (await readdir(dir)).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.test.ts')).sort();
  for (const file of files) {
    try {
      await import(pathToFileURL(join(dir, file)).href);
    } catch (error) {
      const what = error instanceof UsageError ? error.message : `the suite can't be loaded: ${String(error)}`;
      throw new UsageError(`${placeIn(error, join(dir, file))}: ${what}`, {cause: error});
    }
  }
  return [...cases.values()].sort((a, b) => rank(a.suite) - rank(b.suite));
}

/** The untouched guest first, then the life of a memory device; suites not named here come last. */
const ORDER = ['defaults', 'plug', 'online', 'offline', 'unplug'];
const rank = (suite: string): number => (ORDER.includes(suite) ? ORDER.indexOf(suite) : ORDER.length);

/**
 * The cases that any of the patterns names: a suite, a case id or a glob. None means all. Throws UsageError for one
 * that names nothing.
 */
export function selectCases(all: readonly Case[], patterns: readonly string[]): Case[] {
  if (patterns.length === 0) return [...all];
  const chosen = new Set<Case>();
  for (const pattern of patterns) {
    if (pattern === '' || pattern.length > 1000)
      throw new UsageError(
        `no case matches ${pattern === '' ? 'an empty name' : 'a pattern of that length'}; memhp list shows every case`,
      );
    const isMatch = picomatch(pattern);
    const found = all.filter(({id, suite}) => suite === pattern || isMatch(id));
    if (found.length === 0) {
      const suites = [...new Set(all.map(({suite}) => suite))];
      throw new UsageError(`no case matches "${pattern}"; suites: ${suites.join(', ')}; memhp list shows every case`);
    }
    for (const one of found) chosen.add(one);
  }
  return all.filter((one) => chosen.has(one));
}
