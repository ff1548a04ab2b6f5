import {findImage} from '../image/ensure.ts';
import {defaultGuest, listManifests} from '../image/manifest.ts';

/** `memhp guests` */
export async function guestsCommand(json: boolean, cache: string): Promise<void> {
  const guests = await Promise.all(
    (await listManifests()).map(async (manifest) => ({
      name: manifest.name,
      title: manifest.title,
      arch: manifest.arch,
      source: Object.keys(manifest.source)[0] ?? '',
      cached: (await findImage(manifest, {cache})) !== undefined,
    })),
  );
  if (json) {
    process.stdout.write(`${JSON.stringify(guests, undefined, 2)}\n`);
    return;
  }
  const chosen = defaultGuest();
  const width = Math.max(...guests.map(({name}) => name.length));
  for (const {name, title, arch, cached} of guests) {
    process.stdout.write(
      `${name.padEnd(width)} ${arch.padEnd(8)} ` +
        `${title}${name === chosen ? ' (the default)' : ''}${cached ? ', in the cache' : ''}\n`,
    );
  }
}
