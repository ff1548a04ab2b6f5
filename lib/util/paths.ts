import {homedir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** The root of the memhp checkout or package. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Images, templates and remembered probes: MEMHP_CACHE, or memhp below XDG_CACHE_HOME (~/.cache). */
export function cacheDir(): string {
  const {MEMHP_CACHE, XDG_CACHE_HOME} = process.env;
  return MEMHP_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'memhp');
}
