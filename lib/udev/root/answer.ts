import type {Agent} from './agents/units.ts';
import {usualGuests, type Policy} from '../guest.ts';
import type {Config} from './boot/config.ts';
import type {KernelFacts, RootFacts} from './facts.ts';
import {distinctBy, fatesByRules, zoneOfDefault, type Fate, type Fates, type Virt} from './fate.ts';
import {bootSteps, policiesAfter, policyChain, type Chain, type Step} from './policy.ts';

/** Why memory can't be plugged into a guest at all, or is not seen. */
export interface Never {
  readonly why: string;
}

/** What becomes of plugged memory with one kernel of a root on one kind of machine. */
export interface Answer {
  readonly virt: Virt;
  readonly never: Never | undefined;
  /** All who set the kernel's policy, in order. */
  readonly chain: Chain;
  /** Memory that is plugged once the system is up. */
  readonly plugged: Fates;
  /** Memory devices that are there when the system boots. */
  readonly atBoot: Fates;
  /** The kernel can take memory offline and away. */
  readonly hotremove: boolean;
}

/** Machines that make a difference to rules, for a root's architecture. */
export const machinesOf = ({arch}: RootFacts): readonly Virt[] => {
  const fitting = usualGuests.filter((guest) => guest.arch === (arch ?? 'x86-64')).map(({virt}) => virt);
  return fitting.length > 0 ? fitting : ['kvm', 'none'];
};

export function answerFor(root: RootFacts, kernel: KernelFacts, virt: Virt): Answer {
  const chain = withRules(policyChain(root, kernel), root, kernel, virt);
  const plugged = merged(
    policiesAfter(chain.steps).map((policy) => fatesByRules(root, kernel, virt, policy, 'plug')),
    chain.steps,
  );
  const boot = bootSteps(chain.steps);
  const atBoot = merged(
    policiesAfter(boot).map((policy) => fatesByRules(root, kernel, virt, policy, 'boot')),
    boot,
  );
  return {
    virt,
    chain,
    never: neverOf(kernel),
    plugged: withAgents(
      plugged,
      root.agents.filter(({watches}) => watches),
      zoneOfDefault(root, kernel),
    ),
    atBoot: withAgents(atBoot, root.agents, zoneOfDefault(root, kernel)),
    hotremove: kernel.config === undefined || !lacks(kernel.config, 'MEMORY_HOTREMOVE'),
  };
}

/**
 * Rules can set the policy: they do when udev looks at the machine at boot, which is before tmpfiles.d and the units.
 */
function withRules(chain: Chain, root: RootFacts, kernel: KernelFacts, virt: Virt): Chain {
  const boot = bootSteps(chain.steps);
  const policies = policiesAfter(boot);
  const [policy] = policies;
  if (policy === undefined || policies.length > 1) return chain;
  const after = fatesByRules(root, kernel, virt, policy, 'boot').policies;
  if (after.every((one) => one === policy)) return chain;
  const step: Step = {
    value: after.length === 1 ? after[0] : undefined,
    place: undefined,
    by: 'a rule of udev',
    when: 'rules',
  };
  return {
    ...chain,
    steps: [...boot, step, ...chain.steps.filter(({when}) => when !== 'built' && when !== 'parameter')],
  };
}

function merged(all: readonly Fates[], steps: readonly Step[]): Fates {
  const fates = distinctBy(
    all.flatMap((one) => one.fates),
    ({state, zone, by, who}) => JSON.stringify([state, zone, by, who]),
  );
  const unknown =
    all.length > 1
      ? [
          steps.length === 0
            ? 'the kernel, whose configuration is not in this root'
            : `what ${steps.at(-1)?.by ?? ''} writes`,
        ]
      : [];
  return {
    fates,
    dependsOn: [...new Set([...unknown, ...all.flatMap((one) => one.dependsOn)])],
    policies: [...new Set(all.flatMap((one) => one.policies))],
  };
}

/** A program that waits for blocks onlines those that everybody else leaves. */
function withAgents(all: Fates, agents: readonly Agent[], byDefault: Fate['zone']): Fates {
  const writing = agents.flatMap(({name, settings}) =>
    settings.filter((one) => one.name === 'state').map((setting) => ({name, setting})),
  );
  const [first] = writing;
  if (!first || all.fates.every(({state}) => state === 'online')) return all;
  const words: Readonly<Record<string, Fate['zone']>> = {
    online: byDefault,
    online_kernel: 'Normal',
    online_movable: 'Movable',
  };
  const onlining = writing.filter(({setting}) => setting.value === undefined || words[setting.value] !== undefined);
  const [agent] = onlining;
  if (!agent) return all;
  const {name, setting} = agent;
  const who = `${name}, ${setting.place.path}:${setting.place.line}`;
  const fate: Fate = {
    state: 'online',
    zone: setting.value === undefined ? byDefault : words[setting.value],
    by: 'agent',
    who,
    refused: [],
  };
  const fates = [
    ...all.fates.filter(({state}) => state === 'online'),
    fate,
    ...(setting.value === undefined ? all.fates.filter(({state}) => state === 'offline') : []),
  ];
  return {
    ...all,
    fates,
    dependsOn: setting.value === undefined ? [...all.dependsOn, `what ${who} writes`] : all.dependsOn,
  };
}

/** A configuration of a few lines, made by hand, doesn't tell what is not set; a kernel's has thousands. */
const WHOLE = 100;
const lacks = ({options, unset}: Config, option: string): boolean =>
  unset.has(option) || (options.size >= WHOLE && !options.has(option));

function neverOf({config, given}: KernelFacts): Never | undefined {
  if (config !== undefined && lacks(config, 'MEMORY_HOTPLUG'))
    return {why: `the kernel was built without CONFIG_MEMORY_HOTPLUG (${config.path})`};
  const flag = given.flags.get('acpi_no_memhotplug');
  return (
    flag && {
      why:
        `acpi_no_memhotplug is given in ${flag.place.path}:${flag.place.line}: the kernel does not look ` +
        `at plugged DIMMs`,
    }
  );
}

/** The policy in force for plugged memory, where it is one. */
export const policyOf = ({chain}: Answer): Policy | undefined => {
  const policies = policiesAfter(chain.steps);
  return policies.length === 1 ? policies[0] : undefined;
};
