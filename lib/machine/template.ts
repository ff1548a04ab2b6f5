import {createHash} from 'node:crypto';
import {open, readFile, rm} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {execa} from 'execa';
import {directBoot, keysBehindInitrd} from '../image/image.ts';
import type {QemuBinary} from '../vmm/qemu/binary.ts';
import {launch, type QemuProcess} from '../vmm/qemu/process.ts';
import {buildOnce} from '../util/build-once.ts';
import {stopwatch} from '../util/clock.ts';
import {writeWhole} from '../util/files.ts';
import type {Log} from '../util/log.ts';
import {bringUp, type GuestFacts, guestFacts} from './bring-up.ts';
import {damageOf, discard, writeStamps} from './damage.ts';
import {initrdWith, keysInInitrd, writeKeys} from './keys.ts';
import {keyOf, nameOn} from './profile.ts';
import {boardOf} from './board/boards.ts';
import {kernelCommandLine, machineArgs, type BootConfig} from './commandline.ts';
import {saveState} from './migrate.ts';
import {bootAgain, withConsole} from './slow-boot.ts';
import {udevdAlone, udevdAloneKey} from './udevd-alone/udevd-alone.ts';

/** A guest booted once in one boot config and frozen: RAM files, device state and disk overlay in the cache. */
export interface Template {
  readonly dir: string;
  readonly key: string;
  readonly config: BootConfig;
  readonly qemu: QemuBinary;
  readonly facts: GuestFacts;
}

export interface TemplateOptions {
  readonly cache: string;
  readonly qemu: QemuBinary;
  readonly log: Log;
  /** Limit for the boot until the guest answers. */
  readonly bootMs: number;
  /**
   * The script that the guest runs behind its shell ports (lib/shell/serve.ts), and what to run there once before the
   * freeze.
   */
  readonly serve: string;
  /** Shell functions of `serve`, for a guest that is talked to by ssh. */
  readonly library: string;
  readonly warmUp: string;
  /** Boot it anew even if the cache has it. */
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
  /** Where the console of a boot that failed is kept. */
  readonly consoleFile?: string;
}

/** Change it when templates made before can't be cloned by this code any more. */
const FORMAT = 8;

/** Same key, same frozen guest: a digest of everything that went into it. */
export function templateKey(
  config: BootConfig,
  {qemu, serve, warmUp}: Pick<TemplateOptions, 'qemu' | 'serve' | 'warmUp'>,
): string {
  const board = boardOf(config.image.arch);
  const parts = [
    FORMAT,
    config.image.key,
    kernelCommandLine(config),
    config.image.prepare,
    keyOf(config.profile, board),
    config.accel,
    board.cpu(config.accel, config.qemu),
    qemu.path,
    qemu.version,
    serve,
    warmUp,
    ...(config.udevdAlone === true ? udevdAloneKey : []),
    // A program that was built anew where another one was.
    ...(qemu.build === undefined ? [] : [qemu.build]),
    // What the first board has is left out: what was frozen before there were others can be used.
    ...(board.arch === 'amd64'
      ? []
      : [
          ...[board.machine, board.firmware(config.qemuRoot), board.virtio, board.serialShells],
          ...(config.profile.nodes.length > 1 ? ['asked for its nodes'] : []),
        ]),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
}

/**
 * The template of a boot config: from the cache, or booted and frozen now. Throws Broken where the guest doesn't come
 * up.
 */
export async function ensureTemplate(config: BootConfig, options: TemplateOptions): Promise<Template> {
  const key = templateKey(config, options);
  const dir = join(options.cache, 'templates', `${config.image.name}-${key}`);
  const machine = nameOn(config.profile, boardOf(config.image.arch));
  const how = [config.append, config.udevdAlone === true ? 'udevd alone' : ''].filter(Boolean).join(', ');
  const what = `${config.image.name} on ${machine}${how ? ` with ${how}` : ''}`;
  if (options.fresh === true) await discard(dir);
  const damage = await damageOf(dir);
  if (damage !== undefined) {
    options.log(`${what}: what is frozen in the cache is damaged: ${damage}`);
    await discard(dir);
  }
  await buildOnce(dir, {what, log: options.log, signal: options.signal}, async (work) => {
    const took = stopwatch();
    options.log(`${what}: booting it once`);
    await bootAgain(() => freeze(config, options, work), {what, log: options.log, signal: options.signal});
    await writeStamps(work);
    options.log(`${what}: frozen after ${(took() / 1000).toFixed(1)} s`);
  });
  const facts = guestFacts.parse(JSON.parse(await readFile(join(dir, 'facts.json'), 'utf8')));
  return {dir, key, config, qemu: options.qemu, facts};
}

async function freeze(config: BootConfig, options: TemplateOptions, work: string): Promise<void> {
  const {image} = config;
  const disk = join(work, 'disk.qcow2');
  if (image.disk) {
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', relative(work, image.disk), disk]);
  }
  const keys = image.login.how === 'ssh' ? await writeKeys(work) : undefined; // clones name them too
  const more = [
    ...(keys && keysBehindInitrd(image) ? await keysInInitrd(keys) : []),
    ...(config.udevdAlone === true ? udevdAlone(options.serve) : []),
  ];
  const initrd = more.length > 0 ? await initrdWith(directBoot(image).initrd, more, work) : undefined;
  const args = machineArgs(config, {
    ramDir: work,
    share: true,
    ...(image.disk ? {disk: {path: disk, snapshot: false}} : {}),
    ssh: {forward: true},
    ...(keys ? {keys} : {}),
    ...(initrd === undefined ? {} : {initrd}),
  });
  const directory = await open(work, 'r');
  let vm: QemuProcess | undefined;
  try {
    vm = await launch(options.qemu, args, {
      ms: options.bootMs,
      filesFd: directory.fd,
      ...(options.consoleFile ? {consoleFile: options.consoleFile} : {}),
    });
    const facts = await bringUp(vm, config, {
      ms: options.bootMs,
      keys,
      signal: options.signal,
      serve: options.serve,
      library: options.library,
      warmUp: options.warmUp,
    });
    await writeWhole(join(work, 'facts.json'), JSON.stringify(facts));
    await vm.qmp.execute('stop');
    await saveState(vm.qmp, join(work, 'state'), options.bootMs);
  } catch (error) {
    throw withConsole(error, vm?.console.tail() ?? '');
  } finally {
    await vm?.kill();
    await directory.close();
    // Clones wake up with it unpacked; those that boot anew with udevd alone need it again.
    if (initrd !== undefined && config.udevdAlone !== true) await rm(initrd, {force: true});
  }
}
