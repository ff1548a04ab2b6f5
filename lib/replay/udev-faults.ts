import type {ShellResult} from '../shell/shell.ts';
import type {Fault, Wrong} from './fault.ts';
import type {Entry} from './recording.ts';

/** A fault of a script's output. */
const ofOutput = (id: string, says: string, wrong: (stdout: string) => Iterable<{about: string; stdout: string}>): Fault => ({
  id,
  says,
  *wrong(entry: Entry): Iterable<Wrong> {
    if (entry.kind !== 'script' || 'lost' in entry.answer) return;
    const answer: ShellResult = entry.answer;
    for (const {about, stdout} of wrong(answer.stdout)) yield {about, answer: {...answer, stdout}};
  },
});

const CREATED = /^( *\S.*-\d+ +\[\d+\] +\S+ +)(\d+)\.(\d+): created: .* name="(memory\d+)"$/gm;
const FORK = /^( *\S.*-)\d+( +\[\d+\] +\S+ +)\d+\.\d+: \w+: .*$/m;

/** What can be wrong with what a guest tells of its udevd and of who onlines memory (lib/conformance/udev-trace.ts). */
export const udevFaults: readonly Fault[] = [
  ofOutput('onlining-made-up', 'Somebody onlines a block besides those who did.', function* (stdout) {
    const head = FORK.exec(stdout);
    if (!stdout.includes('@trace\n') || !head) return;
    const [, task = '', middle = ''] = head;
    for (const [, , seconds = '', , block = ''] of stdout.matchAll(CREATED)) {
      for (const [how, from, ret] of [['worked', 'walk_memory_blocks', 0], ['came too late', 'state_store', 1], ['failed', 'state_store', -16]] as const) {
        const call = (event: string): string => `${task}7${middle}${Number(seconds) + 1}.000000: ${event}\n`;
        yield {about: `${block} ${how}`, stdout: `${stdout}${call(`online: (device_online+0x0/0x80) name="${block}"`)}${call(`onlined: (${from}+0x1/0x80 <- device_online) ret=${ret}`)}`};
      }
    }
  }),
  ofOutput('udevd-made-up', 'A udevd is there that isn\'t.', function* (stdout) {
    if (/^1 \(.*\) \w 0 /m.test(stdout) && !/^\d+ \(systemd-udevd\) /m.test(stdout)) yield {about: '', stdout: `${stdout}4444 (systemd-udevd) S 1 4444 4444\n`};
  }),
  ofOutput('udevd-stopped', 'It is said that udevd is stopped where it goes on, or goes on where it is stopped.', function* (stdout) {
    if (/^1 \(.*\) \w 0 /m.test(stdout)) {
      const other = stdout.replaceAll(/^(\d+ \(systemd-udevd\)) (\w) /gm, (_all, head: string, state: string) => `${head} ${state === 'T' ? 'S' : 'T'} `);
      if (other !== stdout) yield {about: '', stdout: other};
    }
  }),
];
