import {createHash} from 'node:crypto';
import type {ShellResult} from '../../../lib/shell/shell.ts';
import type {Fault, Wrong} from './fault.ts';
import type {Entry} from '../recording.ts';

/** A fault of a script's output. */
const ofOutput = (
  id: string,
  says: string,
  wrong: (stdout: string) => Iterable<{about: string; stdout: string}>,
): Fault => ({
  id,
  says,
  *wrong(entry: Entry): Iterable<Wrong> {
    if (entry.kind !== 'script' || 'lost' in entry.answer) return;
    const answer: ShellResult = entry.answer;
    for (const {about, stdout} of wrong(answer.stdout)) yield {about, answer: {...answer, stdout}};
  },
});

const CREATED = /^( *\S.*-\d+ +\[\d+\] +\S+ +)(\d+)\.(\d+): created: .* name="(memory\d+)"$/gm;
const ONLINE = /^ *(\S.*-\d+) +\[\d+\] .*: online: .* name="(memory\d+)"$/;
const ONLINED = /^ *(\S.*-\d+) +\[\d+\] .*: onlined: .* ret=(-?\d+)$/;
const FORK = /^( *\S.*-)\d+( +\[\d+\] +\S+ +)\d+\.\d+: \w+: .*$/m;

interface RuleFile {
  readonly path: string;
  readonly text: string;
}

/** The files in an answer of lib/conformance/udev/rules-files.ts; none where it is another answer. */
function rulesIn(stdout: string): RuleFile[] {
  const [names, contents] = (/^([\w+/=]+)\n([\w+/=]+)\n[0-9a-f]{64} {2}-\n?$/.exec(stdout)?.slice(1) ?? []).map(
    (text) => Buffer.from(text, 'base64'),
  );
  let at = 0;
  return (names?.toString().split('\0').filter(Boolean) ?? []).map((line) => {
    const [size = '', path = ''] = line.split(/ (.*)/s);
    at += Number(size);
    return {path, text: contents?.toString('latin1', at - Number(size), at) ?? ''};
  });
}

/** Such an answer, whose digest is that of what it says. */
function saying(files: readonly RuleFile[]): string {
  const encoded = [
    files.map(({path, text}) => `${text.length} ${path}\0`).join(''),
    files.map(({text}) => text).join(''),
  ]
    .map((text) => `${Buffer.from(text, 'latin1').toString('base64')}\n`)
    .join('');
  return `${encoded}${createHash('sha256').update(encoded).digest('hex')}  -\n`;
}

const isOfMemory = ({text}: RuleFile): boolean => /SUBSYSTEM=="memory"/.test(text);

/** What can be wrong with what a guest tells of its udevd and of who onlines memory (lib/conformance/udev/trace.ts). */
export const udevFaults: readonly Fault[] = [
  ofOutput('onlining-made-up', 'Somebody onlines a block besides those who did.', function* (stdout) {
    const head = FORK.exec(stdout);
    if (!stdout.includes('@trace\n') || !head) return;
    const [, task = '', middle = ''] = head;
    for (const [, , seconds = '', , block = ''] of stdout.matchAll(CREATED)) {
      for (const [how, from, ret] of [
        ['worked', 'walk_memory_blocks', 0],
        ['came too late', 'state_store', 1],
        ['failed', 'state_store', -16],
      ] as const) {
        const call = (event: string): string => `${task}7${middle}${Number(seconds) + 1}.000000: ${event}\n`;
        yield {
          about: `${block} ${how}`,
          stdout: `${stdout}${call(`online: (device_online+0x0/0x80) name="${block}"`)}${call(`onlined: (${from}+0x1/0x80 <- device_online) ret=${ret}`)}`,
        };
      }
    }
  }),
  ofOutput('onlining-missing', 'Who onlined a block goes unseen.', function* (stdout) {
    const lines = stdout.split('\n');
    for (const [i, line] of lines.entries()) {
      const [, task, block = ''] = ONLINE.exec(line) ?? [];
      if (task === undefined) continue;
      const end = lines.findIndex((later, j) => j > i && ONLINED.exec(later)?.[1] === task);
      if (ONLINED.exec(lines[end] ?? '')?.[2] === '0')
        yield {about: block, stdout: lines.filter((_line, j) => j !== i && j !== end).join('\n')};
    }
  }),
  ofOutput('rules-missing', 'A rules file of memory, or all rules files, are kept back.', function* (stdout) {
    const files = rulesIn(stdout);
    if (files.length > 0) yield {about: '', stdout: saying([])};
    for (const gone of files.filter(isOfMemory))
      yield {about: gone.path, stdout: saying(files.filter((one) => one !== gone))};
  }),
  ofOutput('rules-other', 'A rule of memory is said to write another word.', function* (stdout) {
    const files = rulesIn(stdout);
    for (const other of files.filter(isOfMemory)) {
      const text = other.text.replaceAll(
        /="(online\w*)"/g,
        (_all, word: string) => `="${word === 'online_movable' ? 'online' : 'online_movable'}"`,
      );
      if (text !== other.text)
        yield {about: other.path, stdout: saying(files.map((one) => (one === other ? {...other, text} : one)))};
    }
  }),
  ofOutput('rules-broken', 'A line that is no rule is said to be in a rules file.', function* (stdout) {
    const [first, ...rest] = rulesIn(stdout);
    if (first) yield {about: first.path, stdout: saying([{...first, text: `${first.text}no rule\n`}, ...rest])};
  }),
  ofOutput('udevd-made-up', "A udevd is there that isn't.", function* (stdout) {
    if (/^1 \(.*\) \w 0 /m.test(stdout) && !/^\d+ \(systemd-udevd\) /m.test(stdout))
      yield {about: '', stdout: `${stdout}4444 (systemd-udevd) S 1 4444 4444\n`};
  }),
  ofOutput(
    'udevd-stopped',
    'It is said that udevd is stopped where it goes on, or goes on where it is stopped.',
    function* (stdout) {
      if (/^1 \(.*\) \w 0 /m.test(stdout)) {
        const other = stdout.replaceAll(
          /^(\d+ \(systemd-udevd\)) (\w) /gm,
          (_all, head: string, state: string) => `${head} ${state === 'T' ? 'S' : 'T'} `,
        );
        if (other !== stdout) yield {about: '', stdout: other};
      }
    },
  ),
];
