import {existsSync} from 'node:fs';
import {readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import {removeImage} from '../image/cache.ts';
import {cleaningCache} from '../run/cache-use.ts';

/** What memhp itself puts there: nothing else is removed, wherever MEMHP_CACHE leads. */
const kinds = {
  images: /^(?:\.tmp-.+-[0-9a-f]{8}|\.lock-.+|.+-[0-9a-f]{12}(?:\.unpacked)?|busybox-static-\w+)$/,
  templates: /^(?:\.tmp-.+-[0-9a-f]{8}|\.lock-.+|.+-[0-9a-f]{20})$/,
  apt: /^\w+-[0-9a-f]{12}$/,
  accelerator: /^[0-9a-f]{16}\.json$/,
};

/** `memhp clean`: says what the cache holds; removes what it is told to. */
export async function cleanCommand(what: {templates: boolean; all: boolean}, cache: string): Promise<void> {
  if (what.templates || what.all) await cleaningCache(cache, () => clean(what, cache));
  else await clean(what, cache);
}

async function clean({templates, all}: {templates: boolean; all: boolean}, cache: string): Promise<void> {
  for (const [kind, ours] of Object.entries(kinds)) {
    const dir = join(cache, kind);
    const doomed = all || (templates && kind === 'templates');
    for (const name of existsSync(dir) ? await readdir(dir) : []) {
      const path = join(dir, name);
      const {stdout} = await execa('du', ['-sh', '--', path]);
      const removed = doomed && ours.test(name);
      if (removed && kind === 'images') await removeImage(cache, name);
      else if (removed) await rm(path, {recursive: true, force: true});
      process.stdout.write(
        `${(stdout.split('\t')[0] ?? '').padStart(6)}  ` +
          `${path}${removed ? '  removed' : doomed ? "  left: it is none of memhp's" : ''}\n`,
      );
    }
  }
  if (!templates && !all)
    process.stdout.write('nothing was removed; --templates removes the templates, --all everything\n');
}
