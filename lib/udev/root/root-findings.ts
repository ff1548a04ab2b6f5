import type {Level} from '../lint/finding.ts';
import type {Answer} from './answer.ts';
import {hasUdev, type KernelFacts, type RootFacts} from './facts.ts';
import type {Place, Word} from './place.ts';
import {chainOf, policyChain, type Refusal} from './policy.ts';
import {givenBy} from './boot/given.ts';
import {settingNames} from './agents/setting.ts';

/**
 * Everything that the lint finds in a root besides its rules: its level and what it is. docs/udev-root.md explains
 * each.
 */
export const rootFindings = {
  'root/unreadable': ['error', 'a file that decides about plugged memory, or may, and can not be read'],
  'root/no-effect': ['warning', 'a line that is meant to set something about plugged memory, and sets nothing'],
  'root/refused': ['warning', 'a value that the kernel does not take'],
  'root/overridden': ['info', 'a line whose word is overridden by another one that comes later'],
  'root/boot-stale': ['warning', "the boot loader's configuration was not made again since its source was changed"],
  'root/set-since-boot': ['info', 'the running system has another policy than its files say'],
  'root/depends': ['warning', 'what becomes of plugged memory can not be told from the files'],
  'root/stays-unused': ['info', 'plugged memory stays unused until somebody onlines it'],
  'root/other-kernel': ['info', 'another kernel of the root has another answer'],
  'root/other-machine': ['info', 'on another kind of machine the answer is another one'],
} as const satisfies Record<string, readonly [Level, string]>;

export type RootFindingId = keyof typeof rootFindings;

/** A finding on a root; a line of a file of it. */
export interface RootFinding {
  readonly id: RootFindingId;
  readonly level: Level;
  readonly file: string;
  readonly line: number;
  readonly col: number;
  readonly message: string;
  readonly fix: string;
}

/** A file of the root as a person would find it. */
type Shown = (path: string) => string;

/** What is to be said of what was read; what the answer itself gives is said elsewhere. */
export function findingsOf(root: RootFacts, kernel: KernelFacts, answer: Answer, shown: Shown): RootFinding[] {
  const say = (id: RootFindingId, {path, line}: Place, message: string, fix: string): RootFinding => ({
    id,
    level: rootFindings[id][0],
    file: shown(path),
    line,
    col: 1,
    message,
    fix,
  });
  const refused = settingNames.flatMap(
    (name): readonly Refusal[] =>
      (name === 'auto_online_blocks' ? policyChain(root, kernel) : chainOf(name, root, kernel)).refused,
  );
  return [
    ...root.tree.unread.map(({path, why}) =>
      say(
        'root/unreadable',
        {path, line: 1},
        why,
        'give it the right owner, mode and contents, or remove it: the answer is without it',
      ),
    ),
    ...root.vain.map(({place, text, why}) =>
      say('root/no-effect', place, `"${text}" does nothing: ${why}`, 'set it there, and remove this line'),
    ),
    ...root.dropped.map(({setting, why}) =>
      say(
        'root/no-effect',
        setting.place,
        `"${setting.value ?? ''}" is not written to ${setting.name}: ${why}`,
        'keep one of the lines',
      ),
    ),
    ...refused.map(({setting, why}) =>
      say(
        'root/refused',
        setting.place,
        `${why}: ${setting.by} leaves it as it was`,
        'write a word that the kernel takes',
      ),
    ),
    ...overridden(answer, say),
    ...stale(kernel, say),
    ...(hasUdev(root.tree)
      ? []
      : root.layers
          .flatMap(({files}) => files.slice(0, 1))
          .map(({path}) => ({
            ...say(
              'root/no-effect',
              {path: '', line: 1},
              'there is no udevd in this root: its rules do nothing',
              "install udev, or set the kernel's policy instead",
            ),
            file: path,
          }))),
    ...answer.chain.steps
      .filter(({when}) => when === 'now')
      .map(({value}) =>
        say(
          'root/set-since-boot',
          {path: 'sys/devices/system/memory/auto_online_blocks', line: 1},
          `reads ${value ?? ''}, and no file of this system sets that: it is gone at the next boot`,
          'write it into a file of tmpfiles.d if it shall last',
        ),
      ),
  ];
}

type Say = (id: RootFindingId, place: Place, message: string, fix: string) => RootFinding;

/**
 * Somebody has written a word on purpose, and somebody else another one later. The way in which a kernel was built is
 * no such purpose.
 */
function overridden({chain: {steps}}: Answer, say: Say): RootFinding[] {
  const last = steps.at(-1);
  return steps
    .slice(0, -1)
    .filter(({when, value, place}) => place && when !== 'built' && value !== last?.value)
    .flatMap(({place, value}) =>
      place
        ? [
            say(
              'root/overridden',
              place,
              `auto_online_blocks ${value ?? 'something'} does not last: ${last?.by ?? ''} sets ` +
                `${last?.value ?? 'something'} after it`,
              'remove one of the two',
            ),
          ]
        : [],
    );
}

const about = (words: readonly Word[]): Map<string, Word> => {
  const {settings, flags} = givenBy(words);
  const said = settings.map(
    ({name, value, place}) => [`${name}=${value ?? ''}`, {text: `${name}=${value ?? ''}`, place}] as const,
  );
  return new Map<string, Word>([...said, ...flags]);
};

function stale({line: {words, source, from}}: KernelFacts, say: Say): RootFinding[] {
  if (source === undefined) return [];
  const [now, next] = [about(words), about(source)];
  const coming = [...next]
    .filter(([key]) => !now.has(key))
    .map(([, {text, place}]) =>
      say(
        'root/boot-stale',
        place,
        `${text} is not what boots (${from ?? ''}): the boot loader's configuration was not made again`,
        'run update-grub, grub2-mkconfig or kernel-install',
      ),
    );
  const going = [...now]
    .filter(
      ([key, {place}]) =>
        !next.has(key) && !place.path.includes('config-') && !source.some((word) => word.place.path === place.path),
    )
    .map(([, {text, place}]) =>
      say(
        'root/boot-stale',
        place,
        `${text} boots, and is not in the file that this is made from: the next update loses it`,
        'write it into /etc/default/grub or /etc/kernel/cmdline as well',
      ),
    );
  return [...coming, ...going];
}
