import pLimit from 'p-limit';
import type {Case} from '../conformance/runner/case.ts';
import {slowness, type Unbooted} from '../conformance/runner/run-case.ts';
import {absentOf} from '../vmm/qemu/devices/devices.ts';
import {ensureImage} from '../image/ensure.ts';
import {fixedParameters, type Image} from '../image/image.ts';
import {defaultGuest, loadManifest} from '../image/manifest.ts';
import type {BuildMachine} from '../image/sources/source.ts';
import {runBuildMachine} from '../machine/build-machine.ts';
import type {BootConfig} from '../machine/commandline.ts';
import {boardOf, boards} from '../machine/board/boards.ts';
import {cannotBeMade, nameOn, profileByName, profiles} from '../machine/profile.ts';
import {canBeUdevdAlone} from '../machine/udevd-alone/udevd-alone.ts';
import {ensureTemplate, type Template} from '../machine/template.ts';
import {hostFor, type MachineHost} from '../machine/host.ts';
import type {Cell, KernelSeen} from '../results/record.ts';
import {messageOf, UsageError} from '../util/errors.ts';
import type {Log} from '../util/log.ts';
import type {CacheUse} from './cache-use.ts';
import {library, serve, warmUp} from './guest-script.ts';
import {kernelImages, readKernels} from './kernels.ts';
import type {PlanItem} from './plan.ts';
import {pointless} from './pointless.ts';
import {findQemus, readQemus, type Qemus} from './qemus.ts';
import type {RunOptions} from './options.ts';

/** Boot of a guest until it answers, in ms under KVM. */
const BOOT_MS = 60_000;
/** A step of a machine that builds an image, in ms under TCG: minutes on two idle cores. */
const STEP_MS = 1_800_000;

export interface Prepared {
  /** Why each architecture's guests run on the accelerator that they run on. */
  readonly accelReason: string;
  readonly cells: Cell[];
  readonly templates: Record<string, Template | Unbooted>;
  readonly items: PlanItem[];
  /** Those that the templates came up with, each once. */
  readonly kernels: KernelSeen[];
}

/** What is run: the guests' images, and the QEMUs to run each in. */
export interface Guests {
  readonly images: readonly Image[];
  readonly qemus: Qemus;
}

/** The images of the guests that were asked for, built or from the cache, and the QEMUs for them. */
export async function prepareImages(
  options: RunOptions,
  use: CacheUse,
  log: Log,
  signal: AbortSignal,
): Promise<Guests> {
  const {kernel, modules, cache, mirror} = options;
  const from = {cache, mirror, log, signal};
  readQemus(options.qemu); // before the network is asked
  if (kernel.length > 0) {
    if (options.guests.length > 0)
      throw new UsageError('--kernel boots a kernel with a generated initramfs; it does not go with --guest');
    const asked = await readKernels(kernel, modules);
    await use.begin();
    const qemus = await findQemus(options.qemu, asked.arches, from);
    return {images: await kernelImages(asked, from), qemus};
  }
  if (modules !== undefined) throw new UsageError('--modules goes with --kernel');
  const names = options.guests.length > 0 ? options.guests : [defaultGuest()];
  const manifests = await Promise.all(names.map((name) => loadManifest(name)));
  const twice = manifests.find(({name}, i) => manifests.findIndex((other) => other.name === name) !== i);
  if (twice) throw new UsageError(`the guest ${twice.name} was named twice`);
  // What can't be run isn't built.
  for (const {arch, name} of manifests) boardOf(arch, boards, name);
  await use.begin();
  const arches = manifests.map(({arch}) => arch);
  const qemus = await findQemus(options.qemu, arches, from);
  const images: Image[] = [];
  const machine = (machine: BuildMachine): Promise<void> =>
    runBuildMachine(machine, {
      log,
      signal,
      qemu: qemus.get(machine.arch)?.[0],
      stepMs: STEP_MS * (options.patience ?? 1),
    });
  for (const manifest of manifests) images.push(await ensureImage(manifest, {...from, serve, machine}));
  return {images, qemus};
}

/** An image, and what runs its guests here. */
export interface Hosted extends MachineHost {
  readonly image: Image;
  /** Is it run in other QEMUs as well? Then cells say in which. */
  readonly severalQemus: boolean;
}

/** Finds the accelerator of each image in each QEMU; the host's where none was asked for. Throws UsageError. */
export async function hostsOf({images, qemus}: Guests, options: RunOptions, log: Log): Promise<Hosted[]> {
  const {cache, accel, bootTimeout} = options;
  const firstLineMs = bootTimeout === undefined ? undefined : bootTimeout * 1000;
  const hosts: Hosted[] = [];
  for (const image of images) {
    const own = qemus.get(image.arch) ?? [undefined];
    for (const qemu of own) {
      const host = await hostFor(image, {cache, log, accel, qemu, firstLineMs});
      hosts.push({image, severalQemus: own.length > 1, ...host});
    }
  }
  return hosts;
}

/** A boot config that some of the chosen cases need on one guest. */
export interface Wanted extends Pick<Hosted, 'qemu' | 'severalQemus'> {
  readonly key: string;
  readonly config: BootConfig;
  readonly cases: readonly Case[];
}

/** Does a case ask the distribution's services, or boots its guest anew? */
const needsServices = ({needs = []}: Case): boolean =>
  needs.includes('command:systemctl') || needs.includes('port-shell');

/**
 * The boot configs that cases need. The default one comes up as a whole, others with udevd alone where no case of theirs
 * needs more. On an image that takes no kernel parameters, a case with its own goes with those
 * without: runCase skips it. Parameters that the user wants are refused there.
 */
export function wantedConfigs(hosts: readonly Hosted[], cases: readonly Case[], append: string): Wanted[] {
  // What follows `--` is for init: a case's own parameters go before it.
  const at = /(?:^|\s)--(?:\s|$)/.exec(append)?.index ?? append.length;
  const [own, init] = [append.slice(0, at), append.slice(at).trim()];
  return hosts.flatMap(({image, qemu, severalQemus, decision: {accel}}) => {
    const fixed = fixedParameters(image);
    if (fixed !== undefined && append !== '')
      throw new UsageError(`--append "${append}": ${fixed}; leave it out, or take another guest`);
    const groups = new Map<string, {config: BootConfig; cases: Case[]}>();
    for (const entry of cases) {
      const profile = profileByName(entry.machine ?? profiles[0]?.name ?? '');
      const parameters = [own, fixed === undefined ? entry.boot?.append : '', init].filter(Boolean).join(' ');
      const plain = profile === profiles[0] && (entry.boot?.append ?? '') === '';
      const udevdAlone = !plain && canBeUdevdAlone(image) && !needsServices(entry);
      const key = [
        image.name,
        ...(severalQemus ? [qemuWord(qemu.version)] : []),
        profile.name,
        parameters,
        ...(udevdAlone ? ['udevd alone'] : []),
      ].join(' ');
      const group = groups.get(key) ?? {
        config: {image, profile, accel, qemu: qemu.version, qemuRoot: qemu.root, append: parameters, udevdAlone},
        cases: [],
      };
      group.cases.push(entry);
      groups.set(key, group);
    }
    return [...groups].map(([key, group]) => ({key, qemu, severalQemus, ...group}));
  });
}

/**
 * Boots and freezes what the cases need; a guest that doesn't come up leaves its cases without a verdict, not the run.
 */
export async function prepareTemplates(
  options: RunOptions,
  guests: Guests,
  cases: readonly Case[],
  jobs: number,
  log: Log,
  signal: AbortSignal,
): Promise<Prepared> {
  if (guests.images.length === 0) throw new UsageError('no guest to run');
  const hosts = await hostsOf(guests, options, log);
  const reasons = [...new Set(hosts.map(({decision}) => decision.reason))];
  if (options.accel === 'auto' && hosts.some(({decision}) => decision.accel === 'tcg')) log(reasons.join('; '));
  const wanted = wantedConfigs(hosts, cases, options.append);
  const slot = pLimit(jobs);
  const templates: Prepared['templates'] = {};
  /** What came up as the distribution has it, by guest and QEMU. */
  const plain = new Map<string, Template>();
  const bootMs = ({accel}: BootConfig): number =>
    options.bootTimeout === undefined
      ? BOOT_MS * slowness(accel) * (options.patience ?? 1)
      : options.bootTimeout * 1000;
  const templateOptions = {cache: options.cache, log, serve, library, warmUp, signal, fresh: options.fresh};
  await Promise.all(
    wanted.map(({key, config, qemu, cases: entries}) =>
      slot(async () => {
        if (signal.aborted) return;
        const elsewhere = plain.get(`${config.image.name} ${qemu.version}`);
        const unneeded = elsewhere && pointless({config, qemu, cases: entries}, elsewhere);
        if (unneeded) {
          templates[key] = unneeded;
          return;
        }
        const board = boardOf(config.image.arch);
        const lacking =
          absentOf(config.profile.devices, {...board, models: qemu.models}) ?? cannotBeMade(config.profile, board);
        if (lacking !== undefined) {
          templates[key] = {
            absent: `${nameOn(config.profile, board)} can't be made for ${config.image.arch}: ${lacking}`,
          };
          return;
        }
        try {
          const template = await ensureTemplate(config, {...templateOptions, qemu, bootMs: bootMs(config)});
          templates[key] = template;
          if (config.udevdAlone !== true) plain.set(`${config.image.name} ${qemu.version}`, template);
        } catch (error) {
          if (error instanceof UsageError) throw error;
          templates[key] = {
            broken: `${config.image.name} on ${nameOn(config.profile, board)} in QEMU ${qemu.version} did not come up: ${messageOf(error)}`,
          };
        }
      }),
    ),
  );
  const cells = new Map<string, Cell>();
  const items = wanted.flatMap(({key, config, severalQemus, cases: entries}) => {
    const cell = cellOf(config, templates[key], severalQemus);
    const known = cells.get(cell.id);
    if (!known || known.kernel === '') cells.set(cell.id, cell);
    return entries.map((entry): PlanItem => ({cell: cell.id, case: entry.id, template: key}));
  });
  return {
    accelReason: reasons.join('; '),
    cells: [...cells.values()],
    templates,
    items,
    kernels: kernelsSeen(wanted, templates),
  };
}

/** One kernel a guest: the configs of two guests with the same release may differ. */
function kernelsSeen(wanted: readonly Wanted[], templates: Prepared['templates']): KernelSeen[] {
  const seen = wanted.flatMap(({key, config: {image}}) => {
    const template = templates[key];
    if (template === undefined || !('facts' in template)) return [];
    const {kernel, page, config, unset} = template.facts;
    return [
      {
        arch: image.arch,
        kernel,
        ...(page === undefined ? {} : {page}),
        config,
        ...(unset === undefined ? {} : {unset}),
      },
    ];
  });
  return [...new Map(seen.map((one) => [JSON.stringify(one), one])).values()];
}

/** As cells and boot configs name a QEMU: `qemu-11.1.3`. */
const qemuWord = (version: string): string => `qemu-${version}`;

function cellOf(
  {image, profile, accel, qemu}: BootConfig,
  template: Prepared['templates'][string] | undefined,
  severalQemus: boolean,
): Cell {
  const machine = nameOn(profile, boardOf(image.arch));
  return {
    id: [image.name, machine, accel, ...(severalQemus ? [qemuWord(qemu)] : [])].join('.'),
    guest: image.name,
    distro: image.distro,
    release: image.release,
    arch: image.arch,
    kernel: (template && ('facts' in template ? template.facts.kernel : 'kernel' in template && template.kernel)) || '',
    machine,
    accel,
    vmm: {name: 'qemu', version: qemu},
  };
}
