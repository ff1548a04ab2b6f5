import {UsageError} from '../../../util/errors.ts';
import {runTool} from '../../tool.ts';
import {ALIASES, SUITES} from './suites.ts';

/** The mirror of Debian's that the host's own apt is set up with. Throws UsageError where there is none. */
export async function hostMirror(): Promise<string> {
  const mirror = mirrorIn(await runTool('apt-get', ['update', '--print-uris']));
  if (mirror === undefined)
    throw new UsageError("this host's apt has no mirror of Debian's; name one with --mirror URL");
  return mirror;
}

const KNOWN = new Set([...SUITES.filter((suite) => !suite.endsWith('-security')), ...ALIASES]);

/**
 * Out of the addresses that `apt-get update` would fetch, `'http://m/debian/dists/trixie/InRelease' …`: the archive with
 * most of Debian's suites, which another publisher's packages for one of them have not. What it gives must be signed
 * by Debian's keys all the same.
 */
export function mirrorIn(text: string): string | undefined {
  const counts = new Map<string, number>();
  for (const [, uri = '', suite = ''] of text.matchAll(/^'([^']+?)\/+dists\/([^/']+)\/InRelease'/gm))
    if (KNOWN.has(suite)) counts.set(uri, (counts.get(uri) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
