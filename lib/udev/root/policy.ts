import {isPolicy, refusal, type Setting, type SettingName} from './agents/setting.ts';
import {builtPolicy} from './boot/config.ts';
import {hasFourPolicies} from './boot/release.ts';
import type {KernelFacts, RootFacts} from './facts.ts';
import type {Place} from './place.ts';

/** One of those that set the kernel's policy, in the order in which they do; the last wins. */
export interface Step {
  /** Nothing where what is written can't be known. */
  readonly value: string | undefined;
  readonly place: Place | undefined;
  /** For the answer's sentence: "CONFIG_… in boot/config-6.1.0", "etc/tmpfiles.d/mem.conf:1". */
  readonly by: string;
  readonly when: 'built' | 'parameter' | 'rules' | 'boot' | 'now' | 'asked';
}

/** Settings that the kernel does not take, and why. */
export interface Refusal {
  readonly setting: Setting;
  readonly why: string;
}

export interface Chain {
  readonly steps: readonly Step[];
  readonly refused: readonly Refusal[];
}

const at = ({path, line}: Place): string => `${path}:${line}`;

/** Everything that sets auto_online_blocks, from the kernel's build to now. */
export function policyChain(root: RootFacts, kernel: KernelFacts): Chain {
  if (kernel.assumed !== undefined)
    return {steps: [{value: kernel.assumed, place: undefined, by: '--policy', when: 'asked'}], refused: []};
  const {steps, refused} = chainOf('auto_online_blocks', root, kernel);
  const built = kernel.config && builtPolicy(kernel.config);
  const first: Step[] = built
    ? [
        {
          value: built.policy,
          place: built.place,
          when: 'built',
          by: `${built.option}${built.policy === 'offline' && !built.option.endsWith('OFFLINE') ? ', which is not set,' : ''} in ${built.place.path}`,
        },
      ]
    : [];
  const so = [...first, ...steps];
  const last = so.at(-1)?.value;
  const now = kernel.now;
  const others: Step[] =
    now !== undefined && now !== last
      ? [{value: now, place: undefined, when: 'now', by: 'what it reads now: somebody has set it since boot'}]
      : [];
  return {steps: [...so, ...others], refused};
}

/** Everything that sets one of the settings, but the kernel's build. */
export function chainOf(name: SettingName, {atBoot}: RootFacts, {given, release}: KernelFacts): Chain {
  const four = release === undefined || hasFourPolicies(release);
  const refused: Refusal[] = [];
  const stepsOf = (settings: readonly Setting[], when: Step['when']): Step[] =>
    settings
      .filter((setting) => setting.name === name)
      .flatMap((setting): Step[] => {
        const why = refusal(setting, four);
        if (why !== undefined) refused.push({setting, why});
        const by =
          when === 'parameter'
            ? `${setting.by.replace('the kernel parameter ', '')}=${setting.value ?? ''} in ${at(setting.place)}`
            : at(setting.place);
        return why === undefined ? [{value: setting.value, place: setting.place, when, by}] : [];
      });
  return {steps: [...stepsOf(given.settings, 'parameter'), ...stepsOf(atBoot, 'boot')], refused};
}

/** The policies that may be in force: one, or those that are left open where nothing tells. */
export function policiesAfter(
  steps: readonly Step[],
): readonly ('offline' | 'online' | 'online_kernel' | 'online_movable')[] {
  const last = steps.at(-1);
  if (isPolicy(last?.value)) return [last.value];
  return last ? ['offline', 'online', 'online_kernel', 'online_movable'] : ['offline', 'online'];
}

/** The policy with which the kernel meets memory that is there at boot. */
export const bootSteps = (steps: readonly Step[]): Step[] =>
  steps.filter(({when}) => when === 'built' || when === 'parameter' || when === 'asked');
