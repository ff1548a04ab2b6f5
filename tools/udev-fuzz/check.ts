import {readFileSync} from 'node:fs';
import {LINE_SIZE} from '../../lib/udev/rules/lines.ts';
import {findings} from '../../lib/udev/lint/finding.ts';
import {lintFiles} from '../../lib/udev/lint/files.ts';
import {printed, toJson} from '../../lib/udev/lint/print.ts';

/** Milliseconds of the processor that an answer may take, whatever the file. */
export const BOUND_MS = 1000;

/**
 * Milliseconds of user time of this thread alone, by ticks of 10 ms: the process has others, which compile and collect
 * garbage. Source: proc(5).
 */
function ownTime(): number {
  const stat = readFileSync('/proc/thread-self/stat', 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[12]) * 10;
}

/** What must hold of any bytes as a rules file; throws where it does not. Returns the milliseconds it took. */
export function checkAnswer(text: string): number {
  const bytes = Buffer.from(text, 'latin1');
  const before = ownTime();
  const linted = lintFiles([{path: '/etc/udev/rules.d/fuzz.rules', bytes}]);
  const ms = ownTime() - before;
  const lines = text.split(/\n|\r|\0/).length;
  for (const {id, level, line, col, message, fix} of linted.findings) {
    if (!Object.hasOwn(findings, id)) throw new Error(`unknown finding ${id}`);
    if (!['error', 'warning', 'info'].includes(level)) throw new Error(`${id}: level ${level}`);
    if (line < 1 || line > lines || col < 1 || col > Math.max(LINE_SIZE, bytes.length) + 1)
      throw new Error(`${id}: there is no ${line}:${col}`);
    if (message === '' || fix === '') throw new Error(`${id}: says nothing`);
  }
  for (const [from, to] of linted.files[0]?.jumps ?? [])
    if (to <= from) throw new Error(`a jump from ${from} back to ${to}`);
  if (/\p{Cc}/u.test(printed(linted).replaceAll('\n', ''))) throw new Error('control characters in the report');
  JSON.stringify(toJson(linted));
  if (ms > BOUND_MS) throw new Error(`took ${Math.round(ms)} ms for ${bytes.length} bytes`);
  return ms;
}
