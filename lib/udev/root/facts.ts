import {effective, type Layer} from '../rules/layers.ts';
import {parseRules} from '../rules/parse.ts';
import type {RulesFile} from '../rules/rule.ts';
import {vainLines, type NoEffect} from './agents/modules.ts';
import {scriptAgents, sysfsSettings} from './agents/scripts.ts';
import {isPolicy, type Setting} from './agents/setting.ts';
import {tmpfilesSettings, type Dropped} from './agents/tmpfiles.ts';
import {unitAgents, type Agent} from './agents/units.ts';
import {archOf, readConfig, type Config} from './boot/config.ts';
import type {Loader} from './boot/entry.ts';
import {givenBy, type Given} from './boot/given.ts';
import {kernelsOf} from './boot/kernels.ts';
import {
  commandLineOf,
  defaultEntry,
  loaderOf,
  releaseOfEntry,
  runningCommandLine,
  type CommandLine,
} from './boot/parameters.ts';
import {ruleLayers} from './conf-dirs.ts';
import {archOfPrograms, distributionOf, type Distribution} from './distribution.ts';
import type {Tree} from './tree/tree.ts';
import type {Policy} from '../guest.ts';

/** What is read of a root whatever the kernel. */
export interface RootFacts {
  readonly tree: Tree;
  readonly distribution: Distribution;
  readonly arch: string | undefined;
  /** All installed, newest first. */
  readonly kernels: readonly string[];
  /** The one that boots by itself, or that runs. */
  readonly kernel: string | undefined;
  readonly loader: Loader | undefined;
  readonly layers: readonly Layer[];
  /** In force, by their paths in the root. */
  readonly rules: readonly RulesFile[];
  /** What is written once at boot, in order. */
  readonly atBoot: readonly Setting[];
  readonly agents: readonly Agent[];
  readonly dropped: readonly Dropped[];
  readonly vain: readonly NoEffect[];
  /** The root of the running system. */
  readonly running: boolean;
}

/** What belongs to one kernel of a root. */
export interface KernelFacts {
  readonly release: string | undefined;
  readonly config: Config | undefined;
  readonly line: CommandLine;
  readonly given: Given;
  /** auto_online_blocks as it reads now; of the kernel that runs only. */
  readonly now: Policy | undefined;
  /** auto_online_blocks as somebody wants it to be taken for, whatever the files say. */
  readonly assumed?: Policy | undefined;
}

/** Only a root that says what it is is taken for whole: of a few files it can't be told what is missing. */
const whole = (tree: Tree): boolean => tree.has('etc/os-release') || tree.has('usr/lib/os-release');

const TMPFILES = [
  'usr/bin/systemd-tmpfiles',
  'bin/systemd-tmpfiles',
  'usr/sbin/systemd-tmpfiles',
  'usr/bin/tmpfiles.sh',
  'bin/tmpfiles',
];
const UDEV = [
  'usr/bin/udevadm',
  'bin/udevadm',
  'sbin/udevadm',
  'sbin/udevd',
  'usr/lib/systemd/systemd-udevd',
  'lib/systemd/systemd-udevd',
];

/** Whether anything in a root reads tmpfiles.d. */
export const hasTmpfiles = (tree: Tree): boolean => !whole(tree) || TMPFILES.some((path) => tree.has(path));

/** Whether anything in a root reads udev's rules. */
export const hasUdev = (tree: Tree): boolean => !whole(tree) || UDEV.some((path) => tree.has(path));

const nobodyReads = (settings: readonly Setting[]): {settings: Setting[]; dropped: Dropped[]} => ({
  settings: [],
  dropped: settings.map((setting) => ({
    setting,
    why: 'there is no systemd-tmpfiles in this root, so that nobody reads tmpfiles.d',
  })),
});

/** Reads a root. `shown`: a path of it as a person would find it, in the rules' own places. */
export function readRoot(tree: Tree, running: boolean, shown: (path: string) => string): RootFacts {
  const kernels = kernelsOf(tree);
  const loader = loaderOf(tree);
  const layers = ruleLayers(tree, shown);
  const own = ruleLayers(tree, (path) => path);
  const rules = hasUdev(tree)
    ? effective(own)
        .filter(({unread}) => unread === undefined)
        .map(({path, bytes}) => parseRules(path, bytes))
    : [];
  const {settings, dropped} = hasTmpfiles(tree) ? tmpfilesSettings(tree) : nobodyReads(tmpfilesSettings(tree).settings);
  const agents = [...unitAgents(tree), ...scriptAgents(tree)];
  const first = loader && defaultEntry(loader);
  const booted = first && releaseOfEntry(tree, first, kernels);
  const kernel = (running ? tree.text('proc/sys/kernel/osrelease')?.trim() : undefined) ?? booted ?? kernels[0];
  const config = kernel === undefined ? undefined : readConfig(tree, kernel, running);
  return {
    tree,
    distribution: distributionOf(tree),
    arch: (config && archOf(config)) ?? archOfPrograms(tree),
    kernels,
    kernel,
    loader,
    layers,
    rules,
    atBoot: [
      ...settings,
      ...sysfsSettings(tree),
      ...agents.flatMap((agent) => agent.settings.filter(({name}) => name !== 'state')),
    ],
    agents,
    dropped,
    vain: vainLines(tree),
    running,
  };
}

/** Reads what a root has for one of its kernels. */
export function readKernel(
  {tree, running, loader, kernel}: RootFacts,
  release: string | undefined,
  after?: 'writing' | 'boot',
): KernelFacts {
  const runs = running && release === kernel;
  const config = release === undefined ? undefined : readConfig(tree, release, runs);
  const line =
    (runs && after !== 'boot' ? runningCommandLine(tree) : undefined) ?? commandLineOf(tree, release, loader, config);
  const now =
    runs && after === undefined ? tree.text('sys/devices/system/memory/auto_online_blocks')?.trim() : undefined;
  return {release, config, line, given: givenBy(line.words), now: isPolicy(now) ? now : undefined};
}
