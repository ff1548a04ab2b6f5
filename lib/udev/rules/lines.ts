/**
 * Bytes udevd takes in one line (UDEV_LINE_SIZE, the same from 219 to 262). A physical line that reaches it costs the
 * whole file.
 */
export const LINE_SIZE = 16_384;

/** A place in a file: both from 1, columns in characters. */
export interface Position {
  readonly line: number;
  readonly col: number;
}

/** What udevd reads as one rule: a line and those that continue it. Text is one character a byte, as udevd sees it. */
export interface LogicalLine {
  readonly text: string;
  /** Where each physical line begins in `text`. */
  readonly parts: readonly {readonly at: number; readonly line: number; readonly col: number}[];
  /** The number that udevd's own messages give: that of the last physical line. */
  readonly last: number;
}

export interface LineProblem {
  readonly kind: 'line-too-long' | 'rule-too-long' | 'unfinished';
  readonly at: Position;
  /** The line of udevd's message; absent where it names none. */
  readonly logLine?: number;
}

const EOL: Readonly<Record<string, number>> = {'\n': 1, '\r': 2, '\0': 4};

/**
 * Splits a file as udevd does: at \n, \r and NUL, comments out first (also within a continued rule), then `\` at the
 * end of a line joins.
 */
export function logicalLines(text: string): {
  lines: LogicalLine[];
  problem: LineProblem | undefined;
  problems: LineProblem[];
} {
  const lines: LogicalLine[] = [];
  const problems: LineProblem[] = [];
  const ends = /[\n\r\0]/g;
  let number = 0;
  let from = 0;
  let joined: {text: string; parts: {at: number; line: number; col: number}[]} | undefined;
  let tooLong = false;
  while (from < text.length) {
    ends.lastIndex = from;
    const end = ends.exec(text)?.index ?? text.length;
    number += 1;
    if (end - from >= LINE_SIZE)
      return {lines, problem: {kind: 'line-too-long', at: {line: number, col: LINE_SIZE}}, problems};
    let start = from;
    while (start < end && (text[start] === ' ' || text[start] === '\t')) start += 1;
    const part = {at: joined?.text.length ?? 0, line: number, col: start - from + 1};
    let line = text.slice(start, end);
    from = afterEnd(text, end);
    if (line.startsWith('#')) continue;
    if (joined && !tooLong) {
      if (joined.text.length + line.length >= LINE_SIZE) tooLong = true;
      else {
        joined.parts.push(part);
        joined.text = line = joined.text + line;
      }
    }
    if (line.endsWith('\\')) {
      if (!tooLong) joined = {text: line.slice(0, -1), parts: joined?.parts ?? [part]};
      continue;
    }
    if (tooLong && joined) problems.push({kind: 'rule-too-long', at: joined.parts[0] ?? part, logLine: number});
    else if (line !== '') lines.push({text: line, parts: joined?.parts ?? [part], last: number});
    joined = undefined;
    tooLong = false;
  }
  if (joined) problems.push({kind: 'unfinished', at: joined.parts[0] ?? {line: number, col: 1}, logLine: number});
  return {lines, problem: undefined, problems};
}

/** `\r\n`, `\n\r` and a NUL behind either are one end of a line. */
function afterEnd(text: string, end: number): number {
  let seen = 0;
  let i = end;
  for (; i < text.length; i += 1) {
    const kind = EOL[text[i] ?? ''] ?? 0;
    if (kind === 0 || (seen & 4) !== 0 || (seen & kind) !== 0) break;
    seen |= kind;
  }
  return i;
}

/** The place in the file of an offset into a logical line. */
export function positionOf(line: LogicalLine, offset: number): Position {
  let part = line.parts[0] ?? {at: 0, line: line.last, col: 1};
  for (const next of line.parts) {
    if (next.at > offset) break;
    part = next;
  }
  return {line: part.line, col: part.col + characters(line.text, part.at, Math.min(offset, line.text.length))};
}

/** Characters, not bytes: those that continue a UTF-8 sequence don't count. */
function characters(text: string, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i += 1) if ((text.charCodeAt(i) & 0xc0) !== 0x80) count += 1;
  return count;
}

/** Bytes kept as characters, as text for people. */
export const readable = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
