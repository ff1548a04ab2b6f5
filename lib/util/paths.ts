import {homedir} from 'node:os';
import {isAbsolute, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

/** The root of the memhp checkout or package. A bundle knows it from when it was made (lib/cli/compile.js). */
export const root = process.env.MEMHP_ROOT ?? fileURLToPath(new URL('../../', import.meta.url));

/** The directory of the bundles that this process runs from; undefined where it runs from the sources. */
export const dist = process.env.MEMHP_DIST;

/** Images, templates and remembered probes: MEMHP_CACHE, or memhp below XDG_CACHE_HOME (~/.cache). */
export function cacheDir(): string {
  const {MEMHP_CACHE, XDG_CACHE_HOME} = process.env;
  // Empty is the same as unset: it would be the current directory, whose images/ `memhp clean` empties.
  if (MEMHP_CACHE) return resolve(MEMHP_CACHE);
  return join(XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : resolve(homedir(), '.cache'), 'memhp');
}
