import type {Answer} from './answer.ts';
import type {KernelFacts, RootFacts} from './facts.ts';
import {chainOf, type Step} from './policy.ts';

/** One of the things that lead to the answer. */
export interface Reason {
  /** `FILE:LINE`, as a person would find it; nothing where it is not of a file. */
  readonly place: string | undefined;
  readonly text: string;
}

/** How a place of the root is shown. */
export type Shown = (path: string, line: number) => string;

/** Why the answer is so: who sets the policy, who wins, and who comes too late. */
export function reasonsOf(root: RootFacts, kernel: KernelFacts, answer: Answer, shown: Shown): Reason[] {
  return [
    ...about(root, kernel),
    ...answer.chain.steps.map((step, i): Reason => ({
      place: step.place && shown(step.place.path, step.place.line),
      text: stepText(step, answer.chain.steps[i + 1]),
    })),
    ...zoneReasons(root, kernel, shown),
    ...ruleReasons(answer, shown),
    ...agentReasons(root, shown),
  ];
}

function about(
  {distribution: {name, systemd}, arch, kernels, kernel: chosen, running}: RootFacts,
  {release, line}: KernelFacts,
): Reason[] {
  const others = kernels.filter((one) => one !== release);
  const which =
    release === undefined
      ? 'no kernel in this root'
      : `kernel ${release}${release !== chosen ? '' : running ? ', which runs' : others.length > 0 ? `, which boots by itself (${others.length === 1 ? 'also there' : 'others'}: ${others.join(', ')})` : ''}`;
  const udev = systemd === undefined ? "systemd's version is not known" : `systemd ${systemd}`;
  const loader =
    line.from === undefined
      ? "no boot loader's configuration in this root: no kernel parameters are assumed"
      : `kernel parameters from ${line.from}`;
  return [
    {
      place: undefined,
      text: [name === '' ? 'no os-release' : name, arch ?? 'taken for x86-64', which, udev, loader].join('; '),
    },
  ];
}

const WHEN: Readonly<Record<Step['when'], string>> = {
  built: 'how the kernel was built',
  parameter: "on the kernel's command line",
  rules: 'when udev looks at the machine at boot',
  boot: 'written at boot',
  now: 'since then',
  asked: 'as asked for',
};

function stepText({value, by, when}: Step, next: Step | undefined): string {
  const fate =
    next === undefined
      ? 'nobody sets it after that'
      : next.value === value
        ? 'the next one sets the same'
        : 'the next one overrides that';
  return `auto_online_blocks is ${value ?? "set to something that can't be read"} (${WHEN[when]}: ${by}): ${fate}`;
}

function zoneReasons(root: RootFacts, kernel: KernelFacts, shown: Shown): Reason[] {
  const flag = kernel.given.flags.get('movable_node');
  const movableNode: Reason[] = flag
    ? [{place: shown(flag.place.path, flag.place.line), text: 'movable_node: plain "online" puts a block into Movable'}]
    : [];
  const policies = (['online_policy', 'auto_movable_ratio'] as const).flatMap((name) =>
    chainOf(name, root, kernel)
      .steps.slice(-1)
      .map((step): Reason => ({
        place: step.place && shown(step.place.path, step.place.line),
        text: `${name} is ${step.value ?? "something that can't be read"}${name === 'online_policy' && step.value === 'auto-movable' ? ': plain "online" puts a block into Movable as long as the ratio allows' : ''}`,
      })),
  );
  return [...movableNode, ...policies];
}

function ruleReasons({plugged: {fates}}: Answer, shown: Shown): Reason[] {
  const placed = (rule: string | undefined): string | undefined => {
    const [, path, line] = /^(.*):(\d+)$/.exec(rule ?? '') ?? [];
    return path === undefined ? rule : shown(path, Number(line));
  };
  const winners = fates
    .filter(({by}) => by === 'udev' || by === 'program')
    .map(({who, by}): Reason => ({
      place: placed(who),
      text:
        `${by === 'udev' ? 'this rule' : 'the program that this rule runs'} is the first that the kernel ` +
        `lets online the block`,
    }));
  const kernel = fates.some(({by}) => by === 'kernel');
  const late = new Map(fates.flatMap(({refused}) => refused.map((one) => [`${one.rule} ${one.word}`, one] as const)));
  return [
    ...winners,
    ...[...late.values()].map(({rule, word, errno, certain}): Reason => ({
      place: placed(rule),
      text:
        `${certain ? 'writes' : 'may write'} "${word}" too late: ` +
        `${kernel ? 'the kernel holds a lock that this write waits for until it has onlined the block itself' : 'the block is online already'}, and the write is refused (${errno})`,
    })),
  ];
}

function agentReasons({agents}: RootFacts, shown: Shown): Reason[] {
  return agents.flatMap(({name, settings, watches}) =>
    settings
      .filter((setting) => setting.name === 'state')
      .map(({value, place}): Reason => ({
        place: shown(place.path, place.line),
        text:
          `${name} writes ${value === undefined ? 'something' : `"${value}"`} to the state of blocks, ` +
          (watches
            ? 'again and again: plugged memory is its business'
            : 'once at boot: memory that is plugged later is not its business'),
      })),
  );
}
