import {hasFourPolicies} from '../boot/release.ts';
import {hasTmpfiles, type KernelFacts, type RootFacts} from '../facts.ts';
import {remedy, type Remedy} from './remedy.ts';
import {wordOf, type Want} from './wanted.ts';

const FILE = 'etc/tmpfiles.d/00-plugged-memory.conf';

/** The kernel's word for a policy: before 5.7 it only knows `online`, which is a kernel zone unless told otherwise. */
export function policyWord(want: Want, {release}: KernelFacts): string | undefined {
  if (want === 'offline' || release === undefined || hasFourPolicies(release)) return wordOf[want];
  return want === 'normal' ? 'online' : undefined;
}

/** The kernel's own policy, written at boot. */
export function tmpfiles({tree, atBoot}: RootFacts, kernel: KernelFacts, want: Want): Remedy | undefined {
  const word = policyWord(want, kernel);
  if (word === undefined || !hasTmpfiles(tree)) return undefined;
  const others = atBoot
    .filter(({name, by}) => name === 'auto_online_blocks' && by === 'tmpfiles.d')
    .map(({place}) => `${place.path}:${place.line}`);
  const text =
    `# What the kernel does with plugged memory.\nw /sys/devices/system/memory/auto_online_blocks - - - - ` +
    `${word}\n`;
  const why =
    want === 'offline'
      ? 'The kernel onlines nothing any more, and leaves a new block to whoever decides.'
      : "The kernel onlines a new block before a rule's write gets through (it holds the lock that the " +
        'write waits for): so its own policy decides, whatever rules there are.';
  const first =
    others.length > 0
      ? [
          `Its name comes before that of ${others.join(', ')}: of two lines for the same path ` +
            `systemd-tmpfiles takes the first.`,
        ]
      : [];
  return remedy({
    files: [{path: FILE, text}],
    why: [
      why,
      ...first,
      'systemd-tmpfiles writes it at each boot, after udev has looked at the memory that was there: it is ' +
        'for memory that is plugged later.',
    ],
    then: [`systemd-tmpfiles --create /${FILE}`],
    setsPolicy: true,
  });
}

/** Units and scripts that write to blocks or to the policy, switched off. */
export function masks({agents}: RootFacts): Remedy | undefined {
  const units = agents.filter(({name}) => name.endsWith('.service'));
  if (units.length === 0) return undefined;
  return remedy({
    files: units.map(({name}) => ({path: `etc/systemd/system/${name}`, target: '/dev/null'})),
    why: units.map(
      ({name, settings}) =>
        `${name} writes to ${[...new Set(settings.map((one) => one.name))].join(' and ')}: it is masked, so ` +
        `that it is not started.`,
    ),
    then: ['systemctl daemon-reload', ...units.map(({name}) => `systemctl stop ${name}`)],
  });
}
