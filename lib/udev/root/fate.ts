import type {Policy} from '../guest.ts';
import {predict} from '../predict/predict.ts';
import type {Happening, Outcome, Prediction, Refused} from '../predict/types.ts';
import {isSince} from './boot/release.ts';
import type {KernelFacts, RootFacts} from './facts.ts';
import {chainOf} from './policy.ts';

/**
 * Where memory is. `ratio`: Movable as long as there is not too much of that, else a kernel zone (online_policy
 * auto-movable).
 */
export type Zone = 'Normal' | 'Movable' | 'ratio';

/** What may become of a block. */
export interface Fate {
  readonly state: 'online' | 'offline';
  /** Nothing where it is offline. */
  readonly zone: Zone | undefined;
  readonly by: 'nobody' | 'kernel' | 'udev' | 'program' | 'agent';
  /** FILE:LINE of the rule, or the agent's name and place. */
  readonly who: string | undefined;
  readonly refused: readonly Refused[];
}

/** What may become of blocks, and on what it depends where that is more than one thing. */
export interface Fates {
  readonly fates: readonly Fate[];
  readonly dependsOn: readonly string[];
  /** What auto_online_blocks may be after the event: rules can set it. */
  readonly policies: readonly string[];
}

/** Blocks that plugged memory may be: even and odd, near and far. */
const BLOCKS = [32, 33, 256, 1031] as const;

/** A machine that a root may run on, by systemd-detect-virt's name. */
export type Virt = string;

/**
 * What rules and the kernel do to plugged blocks, or to those that are offline when udev looks at the machine at boot.
 */
export function fatesByRules(
  root: RootFacts,
  kernel: KernelFacts,
  virt: Virt,
  policy: Policy,
  kind: 'plug' | 'boot',
): Fates {
  const arch = root.arch ?? 'x86-64';
  const where = {virt, arch, policy, systemd: root.distribution.systemd, kernel: kernel.release};
  const predictions = BLOCKS.map((block): Prediction => {
    const event: Happening =
      kind === 'plug'
        ? {kind: 'plug', block}
        : {kind: 'trigger', block, state: policy === 'offline' ? 'offline' : 'online'};
    return predict(root.rules, where, event);
  });
  const [first] = predictions;
  const other = predictions.findIndex((one) => JSON.stringify(one.outcomes) !== JSON.stringify(first?.outcomes));
  const outcomes = predictions.flatMap((one) => one.outcomes);
  const fates = outcomes.map((outcome) => fateOf(outcome, policy, kind, zoneOfDefault(root, kernel)));
  const byBlock = other > 0 ? [`the block: memory${BLOCKS[0]} and memory${BLOCKS[other] ?? ''} do not fare alike`] : [];
  return {
    fates: distinctBy(fates, ({state, zone, by, who}) => JSON.stringify([state, zone, by, who])),
    dependsOn: [...new Set(predictions.flatMap((one) => one.dependsOn)), ...byBlock],
    policies: [...new Set(outcomes.map((outcome) => outcome.policy))],
  };
}

function fateOf(outcome: Outcome, policy: Policy, kind: 'plug' | 'boot', byDefault: Zone): Fate {
  const {state, zone, by, rule, refused} = outcome;
  if (state === 'offline') return {state, zone: undefined, by: 'nobody', who: rule, refused};
  const onlined = kind === 'boot' && by === 'nobody'; // online before udev looked: the kernel's policy did it
  const words: Readonly<Record<Policy, Zone | undefined>> = {
    offline: undefined,
    online: byDefault,
    online_kernel: 'Normal',
    online_movable: 'Movable',
  };
  const into =
    zone === 'Movable'
      ? 'Movable'
      : zone === 'kernel'
        ? 'Normal'
        : zone === 'default'
          ? byDefault
          : onlined
            ? words[policy]
            : byDefault;
  const whose = by === 'rule' ? 'udev' : by === 'nobody' ? 'kernel' : by;
  return {state, zone: into, by: whose, who: rule, refused};
}

/**
 * Where the word `online` puts a block whose neighbours are not of one zone: contig-zones chooses a kernel zone, but
 * with movable_node.
 */
export function zoneOfDefault(root: RootFacts, kernel: KernelFacts): Zone {
  const online = chainOf('online_policy', root, kernel).steps.at(-1);
  const ratio = chainOf('auto_movable_ratio', root, kernel).steps.at(-1);
  const known = kernel.release === undefined || isSince(kernel.release, 5, 15);
  if (online?.value === 'auto-movable' && known) return ratio?.value === '0' ? 'Normal' : 'ratio';
  return kernel.given.flags.has('movable_node') ? 'Movable' : 'Normal';
}

export function distinctBy<One>(all: readonly One[], key: (one: One) => string): One[] {
  return [...new Map(all.map((one) => [key(one), one] as const).reverse()).values()].reverse();
}
