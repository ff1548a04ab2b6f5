import type {ShellResult} from '../../../lib/shell/shell.ts';
import {REFUSAL, tellsError} from './errno-words.ts';
import type {Fault, Past, Wrong} from './fault.ts';
import {OBSERVE, type Entry} from '../recording.ts';
import {
  lineMissing,
  lineTwice,
  numberDouble,
  numberOff,
  numberZero,
  otherCharacter,
  otherError,
  otherWord,
  refusalGone,
  refusalMadeUp,
  type WrongText,
} from './text.ts';

/** A fault of what a script in the guest said (or a file of the host); observations have faults of their own. */
const ofScript = (
  id: string,
  says: string,
  wrong: (answer: ShellResult, question: string, past: Past) => Iterable<{about?: string} & Partial<ShellResult>>,
): Fault => ({
  id,
  says,
  *wrong(entry: Entry, past: Past): Iterable<Wrong> {
    if (entry.kind !== 'script' || entry.question === OBSERVE || 'lost' in entry.answer) return;
    for (const {about = '', ...changed} of wrong(entry.answer, entry.question, past))
      yield {about, answer: {...entry.answer, ...changed}};
  },
});

/** A fault of the text that a script printed: its output, or what it printed to standard error. */
const ofText = (id: string, says: string, wrong: (text: string) => Iterable<WrongText>): Fault =>
  ofScript(id, says, function* ({stdout, stderr}) {
    for (const {about, text} of wrong(stdout)) yield {about, stdout: text};
    for (const {about, text} of wrong(stderr)) yield {about: `errors, ${about}`, stderr: text};
  });

const isWrite = (script: string): boolean => /^(?:echo|printf) .*>'?\/[^|;&\n]*$/.test(script);
const accepted = ({status, stderr}: ShellResult): boolean => status === 0 && stderr === '';

/** What can be wrong with the answer to a write. */
export const writeFaults: readonly Fault[] = [
  ofScript('write-accepted', 'A write that the kernel refuses is accepted.', function* (answer, script) {
    if (isWrite(script) && !accepted(answer)) yield {status: 0, stderr: ''};
  }),
  ofScript('write-refused', 'A write that the kernel accepts is refused with EBUSY.', function* (answer, script) {
    if (isWrite(script) && accepted(answer)) yield {status: 1, stderr: REFUSAL};
  }),
  ofText('error-other', 'A refusal gives another error.', otherError),
  ofText('error-gone', 'One of several refusals is none.', refusalGone),
  ofText('error-made-up', 'One of several texts that are accepted is refused.', refusalMadeUp),
];

/** What can be wrong with what a script prints, and with how it ends. */
export const outputFaults: readonly Fault[] = [
  ofText('word-other', "A word of a script's output is its opposite.", otherWord),
  ofText('number-off', "A number in a script's output is one too large.", numberOff),
  ofText('number-zero', "A number in a script's output is 0.", numberZero),
  ofText('number-double', "A number in a script's output is twice what it should be.", numberDouble),
  ofScript('output-stale', 'A script prints what it printed the last time.', function* ({stdout}, _script, {before}) {
    if (before?.kind === 'script' && 'stdout' in before.answer && before.answer.stdout !== stdout)
      yield {stdout: before.answer.stdout};
  }),
  ofScript('output-early', 'A script prints what it will print the next time.', function* ({stdout}, _script, {after}) {
    if (after?.kind === 'script' && 'stdout' in after.answer && after.answer.stdout !== stdout)
      yield {stdout: after.answer.stdout};
  }),
  ofScript('uevent-made-up', 'The kernel sends a uevent for nothing.', function* ({stdout}, script) {
    if (!script.includes('udevadm') || stdout === '') return;
    const numbered = script.includes('SEQNUM') ? 'SEQNUM=999999\n' : '';
    for (const action of ['online', 'offline'])
      yield {
        about: action,
        stdout:
          `${stdout}KERNEL[9.000000] ${action}  /devices/system/memory/memory1 (memory)\n${numbered}UDEV  ` +
          `[9.000001] ${action}  /devices/system/memory/memory1 (memory)\n${numbered}`,
      };
  }),
  ofText('line-missing', "A line of a script's output is missing.", lineMissing),
  ofText('line-twice', "A line of a script's output comes twice.", lineTwice),
  ofScript('output-empty', 'A script prints nothing.', function* ({stdout}) {
    if (stdout !== '') yield {stdout: ''};
  }),
  ofScript('status-other', 'A script that works fails, or one that fails works.', function* ({status}) {
    yield {status: status === 0 ? 1 : 0};
  }),
  ofScript('error-silent', 'The words of an error are missing.', function* ({stderr}) {
    if (stderr !== '') yield {stderr: ''};
  }),
  ofScript('error-said', 'A script that works prints an error.', function* ({stdout, stderr}) {
    if (stderr === '') yield {stderr: `${REFUSAL}\n`};
    if (stdout === '') yield {about: 'output', stdout: `${REFUSAL}\n`};
    else if (tellsError(stdout)) yield {about: 'output', status: 0, stdout: ''};
  }),
  ofScript('file-readable', "A file that can't be read is read.", function* ({status}, script) {
    if (status !== 0 && script.startsWith('cat ')) yield {status: 0, stdout: '1\n', stderr: ''};
  }),
  ofScript('output-cut', 'The second half of an output is missing.', function* ({stdout}) {
    const words = stdout.trimEnd();
    if (words.length > 1) yield {stdout: words.slice(0, words.length / 2)};
  }),
  ofScript('uevents-exchanged', 'Two uevents come in the other order.', function* ({stdout}, script) {
    const lines = script.includes('udevadm') ? stdout.split('\n') : [];
    for (const [i, line] of lines.entries()) {
      const next = lines[i + 1] ?? '';
      // Only events of the same origin have an order.
      if (/^(?:KERNEL|UDEV) *\[/.test(line) && next.startsWith(line.slice(0, 4)))
        yield {
          about: `line ${i + 1}`,
          stdout: lines
            .with(i, next)
            .with(i + 1, line)
            .join('\n'),
        };
    }
  }),
  ofText('character-other', "A line of a script's output begins with another character.", otherCharacter),
];
