import {statfs} from 'node:fs/promises';
import {dirname} from 'node:path';
import {existsSync} from 'node:fs';
import {availableParallelism, cpus, freemem, release, totalmem} from 'node:os';
import {missingTools} from '../bootstrap/tools.js';
import {defaultGuest, listManifests, loadManifest} from '../image/manifest.ts';
import {findImage} from '../image/ensure.ts';
import {boardOf} from '../machine/board/boards.ts';
import {hostFor} from '../machine/host.ts';
import {findQemu} from '../vmm/qemu/binary.ts';
import {usingCache, type CacheUse} from '../run/cache-use.ts';
import {defaultJobs} from '../run/host.ts';
import {findQemus, readQemus} from '../run/qemus.ts';
import {messageOf} from '../util/errors.ts';
import {GiB} from '../util/size.ts';

/** An image, the templates of its boot configs, and room to work. */
const GIB_WANTED = 6;
const line = (name: string, text: string): void => {
  process.stdout.write(`${name.padEnd(12)} ${text}\n`);
};

/** The command's options. */
export interface DoctorGiven {
  readonly qemu: readonly string[];
  readonly mirror?: string | undefined;
}

/** `memhp doctor`: 2 where something that runs need is missing. */
export async function doctorCommand(given: DoctorGiven, cache: string): Promise<number> {
  let status = 0;
  line('node', process.version);
  line(
    'host',
    `Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores: ` +
      `${defaultJobs()} cases at the same time`,
  );
  line('memory', `${gib(freemem())} GiB free of ${gib(totalmem())}; a clone takes up to 1.5 GiB`);
  const disk = await statfs(nearestThere(cache));
  const free = disk.bavail * disk.bsize;
  line(
    'disk',
    `${gib(free)} GiB free for the cache ` +
      `${cache}${free < GIB_WANTED * GiB ? `: too little, an image and its templates need ${GIB_WANTED} GiB` : ''}`,
  );
  for (const {name, for: purpose, optional} of missingTools('test')) {
    line('missing', `${name}: ${purpose}`);
    if (!optional) status = 2;
  }
  status = Math.max(status, await usingCache(cache, (use) => qemus(given, cache, use)));
  line('guests', (await listManifests()).map(({name}) => name).join(', '));
  return status;
}

/** A line or two for each QEMU that was named, or for the host's. 2 where one of them can't be used. */
async function qemus({qemu: texts, mirror}: DoctorGiven, cache: string, use: CacheUse): Promise<number> {
  const manifest = await loadManifest(defaultGuest());
  const log = (text: string): void => {
    line('', text);
  };
  try {
    readQemus(texts);
    if (texts.length > 0) await use.begin();
    const {arch, name} = manifest;
    const {qemu, qemuPackage} = boardOf(arch);
    const found = (await findQemus(texts, [arch], {cache, log, mirror})).get(arch);
    for (const one of found ?? [await findQemu(qemu, qemuPackage)]) {
      line('qemu', `${one.path} ${one.version}`);
      const image = await findImage(manifest, {cache});
      if (image) {
        const {decision} = await hostFor(image, {cache, qemu: one, log});
        line('accelerator', `${decision.accel}: ${decision.reason}`);
      } else
        line(
          'accelerator',
          `not tried yet: it takes a kernel, which "memhp build ${name}" ` +
            `brings${existsSync('/dev/kvm') ? '' : '; there is no /dev/kvm, so it will be TCG'}`,
        );
    }
  } catch (error) {
    line('qemu', messageOf(error));
    return 2;
  }
  return 0;
}

const gib = (bytes: number): string => (bytes / GiB).toFixed(1);

/** The cache may not exist yet; the file system that it will be on does. */
const nearestThere = (path: string): string => (existsSync(path) ? path : nearestThere(dirname(path)));
