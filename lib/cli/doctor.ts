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
import {defaultJobs} from '../run/host.ts';
import {messageOf} from '../util/errors.ts';
import {GiB} from '../util/size.ts';

/** An image, the templates of its boot configs, and room to work. */
const GIB_WANTED = 6;
const line = (name: string, text: string): void => {
  process.stdout.write(`${name.padEnd(12)} ${text}\n`);
};

/** `memhp doctor`: 2 where something that runs need is missing. */
export async function doctorCommand(qemuPath: string | undefined, cache: string): Promise<number> {
  let status = 0;
  const manifest = await loadManifest(defaultGuest());
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
  try {
    const qemu = await findQemu(qemuPath ?? boardOf(manifest.arch).qemu);
    line('qemu', `${qemu.path} ${qemu.version}`);
    const image = await findImage(manifest, {cache});
    if (image) {
      const {decision} = await hostFor(image, {
        cache,
        qemu: qemu.path,
        log: (text) => {
          line('', text);
        },
      });
      line('accelerator', `${decision.accel}: ${decision.reason}`);
    } else
      line(
        'accelerator',
        `not tried yet: it takes a kernel, which "memhp build ${manifest.name}" ` +
          `brings${existsSync('/dev/kvm') ? '' : '; there is no /dev/kvm, so it will be TCG'}`,
      );
  } catch (error) {
    line('qemu', messageOf(error));
    status = 2;
  }
  line('guests', (await listManifests()).map(({name}) => name).join(', '));
  return status;
}

const gib = (bytes: number): string => (bytes / GiB).toFixed(1);

/** The cache may not exist yet; the file system that it will be on does. */
const nearestThere = (path: string): string => (existsSync(path) ? path : nearestThere(dirname(path)));
