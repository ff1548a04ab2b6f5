import {createHash} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {BUILDER, imageOf, writeEntry} from '../../entry.ts';
import type {Image} from '../../image.ts';
import type {BuildOptions} from '../../store.ts';
import {staticBusybox} from './busybox.ts';
import {configBeside} from './config-beside.ts';
import {microInitramfs} from './initramfs.ts';
import {readKernel} from './kernelfile.ts';
import {pickModules} from './modules.ts';

export interface MicroOptions extends BuildOptions {
  readonly mirror?: string | undefined;
  /** Text of the shell server that the guest runs on each of its ports: serveScript(). */
  readonly serve: string;
}

export interface MicroGuest {
  /** A kernel file that QEMU boots directly. */
  readonly kernel: string;
  /** /lib/modules/VERSION of that kernel, or a directory that contains it. */
  readonly modules?: string | undefined;
  /** The kernel's config, a file that is called `config-VERSION`: the guest then has it in /boot. Absent: one beside it. */
  readonly config?: string | undefined;
  /** Absent: `micro`. */
  readonly name?: string | undefined;
  readonly distro?: string;
  /** Absent: the kernel's version, where its file tells. */
  readonly release?: string;
  readonly prepare?: readonly string[];
}

/** A guest of a kernel and nothing else: an initramfs with a busybox that serves the shell ports. */
export async function microImage(guest: MicroGuest, options: MicroOptions): Promise<Image> {
  const kernel = await readKernel(guest.kernel);
  const modules = guest.modules === undefined ? [] : await pickModules(guest.modules, kernel.version);
  const busybox = await staticBusybox(kernel.arch, options);
  const found =
    guest.config === undefined
      ? await configBeside(guest.kernel, kernel.version)
      : {path: guest.config, name: basename(guest.config)};
  const config = found && {name: found.name, data: await readFile(found.path)};
  const initrd = await microInitramfs({busybox, modules, config, serve: options.serve});
  const name = guest.name ?? 'micro';
  const facts = {
    name,
    distro: guest.distro ?? 'micro',
    release: guest.release ?? kernel.version ?? 'unknown',
    arch: kernel.arch,
  };
  const prepare = [...(guest.prepare ?? [])];
  const key = createHash('sha256')
    .update(JSON.stringify({builder: BUILDER, facts: {...facts, append: '', bringUp: 'init', prepare}}))
    .update(kernel.data)
    .update(initrd)
    .digest('hex');
  return await imageOf(name, key, options, async (dir) => {
    // A copy: the next `make` writes over the file while templates still boot from it.
    await writeFile(join(dir, 'vmlinuz'), kernel.data);
    await writeFile(join(dir, 'initrd.img'), initrd);
    await writeEntry(dir, {
      ...facts,
      key,
      boot: {how: 'direct', kernel: 'vmlinuz', initrd: 'initrd.img', append: ''},
      login: {how: 'init'},
      prepare,
    });
  });
}
