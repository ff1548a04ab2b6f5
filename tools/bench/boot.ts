import {mkdtemp, open, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {bringUp} from '../../lib/machine/bring-up.ts';
import {machineArgs} from '../../lib/machine/commandline.ts';
import {saveState} from '../../lib/machine/migrate.ts';
import {writeKeys} from '../../lib/machine/keys.ts';
import {launch} from '../../lib/vmm/qemu/process.ts';
import type {Subject} from './guest.ts';
import {timed} from './stats.ts';

/** Boots a guest as a template is booted, and freezes it: ms until its shell port has answered, and for the freeze. */
export async function bootAndFreeze({config, options}: Subject): Promise<{boot: number; freeze: number}> {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-boot-'));
  const {image} = config;
  const ms = options.bootMs;
  try {
    const keys = image.login.how === 'ssh' ? await writeKeys(dir) : undefined;
    const args = machineArgs(config, {
      ramDir: dir,
      share: true,
      ...(image.disk ? {disk: {path: image.disk, snapshot: true}} : {}),
      ssh: {forward: true},
      ...(keys ? {keys} : {}),
    });
    const started = process.hrtime.bigint();
    const directory = await open(dir, 'r');
    const vm = await launch(options.qemu, args, {ms, filesFd: directory.fd});
    try {
      await bringUp(vm, config, {...options, ms, keys, signal: undefined, warmUp: 'true'});
      const boot = Number(process.hrtime.bigint() - started) / 1e6;
      const {ms: freeze} = await timed(async () => {
        await vm.qmp.execute('stop');
        await saveState(vm.qmp, join(dir, 'state'), ms);
      });
      return {boot, freeze};
    } finally {
      await vm.kill();
      await directory.close();
    }
  } finally {
    await rm(dir, {recursive: true});
  }
}
