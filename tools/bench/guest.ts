import {slowness} from '../../lib/conformance/runner/run-case.ts';
import {ensureImage} from '../../lib/image/ensure.ts';

import {defaultGuest, loadManifest} from '../../lib/image/manifest.ts';
import {clone, type Clone} from '../../lib/machine/clone.ts';
import type {BootConfig} from '../../lib/machine/commandline.ts';
import {profileByName, type MachineProfile} from '../../lib/machine/profile.ts';
import {ensureTemplate, type Template, type TemplateOptions} from '../../lib/machine/template.ts';
import {hostFor} from '../../lib/machine/host.ts';
import {library, serve, warmUp} from '../../lib/run/guest-script.ts';
import type {Log} from '../../lib/util/log.ts';
import {gib} from '../../lib/util/size.ts';

/** The guest that is measured. */
export interface Subject {
  readonly config: BootConfig;
  readonly options: TemplateOptions;
  readonly template: Template;
  /** Limit of one answer, in ms. */
  readonly ms: number;
}

/** 128 GiB are 1,024 blocks of 128 MiB. They bring their own memmap: a quarter of it alone would fill the boot RAM. */
export const BIG: MachineProfile = {
  ...profileByName('q35'),
  name: 'q35-big',
  title: 'q35 with room for 128 GiB',
  maxmem: gib(129),
};
export const BIG_APPEND = 'memory_hotplug.memmap_on_memory=1';

/** The guest's template, from the cache or made now. */
export async function subjectOf(given: {
  guest: string | undefined;
  cache: string;
  mirror: string | undefined;
  log: Log;
}): Promise<Subject> {
  const {cache, mirror, log} = given;
  const image = await ensureImage(await loadManifest(given.guest ?? defaultGuest()), {cache, mirror, serve, log});
  const {qemu, decision} = await hostFor(image, {cache, log});
  const {accel} = decision;
  const config: BootConfig = {image, profile: profileByName('q35'), accel, qemu: qemu.version, append: ''};
  const options: TemplateOptions = {cache, qemu, log, bootMs: 60_000 * slowness(accel), serve, library, warmUp};
  return {config, options, template: await ensureTemplate(config, options), ms: 60_000 * slowness(accel)};
}

/** Does something with a clone and ends it. */
export async function withClone<T>(template: Template, ms: number, action: (guest: Clone) => Promise<T>): Promise<T> {
  const guest = await clone(template, {ms});
  try {
    return await Promise.race([action(guest), guest.vm.gone]);
  } finally {
    await guest.close();
  }
}
