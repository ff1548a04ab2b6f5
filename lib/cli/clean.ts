import {existsSync} from 'node:fs';
import {readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';

/** `memhp clean`: says what the cache holds; removes what it is told to. */
export async function cleanCommand({templates, all}: {templates: boolean; all: boolean}, cache: string): Promise<void> {
  const kinds = ['images', 'templates', 'accelerator'] as const;
  const doomed = all ? [...kinds] : templates ? (['templates'] as const) : [];
  for (const kind of kinds) {
    const dir = join(cache, kind);
    for (const name of existsSync(dir) ? await readdir(dir) : []) {
      const path = join(dir, name);
      const {stdout} = await execa('du', ['-sh', path]);
      const removed = (doomed as readonly string[]).includes(kind);
      if (removed) await rm(path, {recursive: true, force: true});
      process.stdout.write(`${(stdout.split('\t')[0] ?? '').padStart(6)}  ${path}${removed ? '  removed' : ''}\n`);
    }
  }
  if (doomed.length === 0) process.stdout.write('nothing was removed; --templates removes the templates, --all everything\n');
}
