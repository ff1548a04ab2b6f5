import {finding, type FindingId} from '../lint/finding.ts';
import {resolveJumps} from './jumps.ts';
import {logicalLines, LINE_SIZE, positionOf, readable, type LineProblem, type LogicalLine} from './lines.ts';
import {parseRule} from './parse-rule.ts';
import type {Problem, Rule, RulesFile} from './rule.ts';
import type {TokenProblem} from './value.ts';

const LINE_PROBLEMS: Readonly<Record<LineProblem['kind'], {id: FindingId; message: string; fix: string}>> = {
  'line-too-long': {
    id: 'syntax/line-too-long',
    message: `the line has ${LINE_SIZE} bytes or more: udevd drops the whole file`,
    fix: 'break the line with "\\", or shorten it if it is a comment',
  },
  'rule-too-long': {
    id: 'syntax/line-too-long',
    message: `the rule has ${LINE_SIZE} bytes or more with the lines that continue it: udevd drops it`,
    fix: 'split it into several rules',
  },
  unfinished: {
    id: 'syntax/unfinished',
    message: 'the last line of the file ends with "\\": udevd drops the rule',
    fix: 'remove the "\\", or add the line that is missing',
  },
};

/** A file with more faults than this is no rules file. */
const LISTED = 5000;

/**
 * Reads a rules file as udevd does, with everything that `udevadm verify` says of it. Takes any bytes; never throws.
 */
export function parseRules(path: string, bytes: Uint8Array): RulesFile {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const problems: Problem[] = fileProblems(path, text, bytes);
  let more = 0;
  const add = (problem: () => Problem): void => {
    if (problems.length < LISTED) problems.push(problem());
    else more += 1;
  };
  const {lines, problem, problems: lineProblems} = logicalLines(text);
  for (const one of problem ? [...lineProblems, problem] : lineProblems) {
    const {id, message, fix} = LINE_PROBLEMS[one.kind];
    const last = one.logLine ?? 0;
    add(() => ({
      ...finding(id, {file: path, ...one.at}, message, fix),
      udevd: {level: 'error', lines: {first: last === 0 ? 0 : one.at.line, last}},
    }));
  }
  const rules: Rule[] = [];
  for (const line of lines) {
    const {rule, found} = parseRule(line);
    for (const one of found) add(() => problemAt(path, line, one.at, one));
    if (rule) rules.push(rule);
  }
  // A line that is too long costs the file: what udevd has read up to there it has remarked on, and drops.
  const jumps = problem
    ? {rules: [], jumps: new Map<number, number>()}
    : resolveJumps(rules, (rule, at, what) => {
        add(() => problemAt(path, rule.source, at, what));
      });
  if (more > 0)
    problems.push({
      ...finding(
        'file/too-many-findings',
        {file: path, line: 1, col: 1},
        `${more} findings more in this file`,
        'put right those that are listed, and look again',
      ),
      udevd: undefined,
    });
  return {path, ...jumps, problems};
}

function problemAt(
  file: string,
  line: LogicalLine,
  at: number,
  {id, message, fix, udevd, only}: Omit<TokenProblem, 'at'>,
): Problem {
  const first = line.parts[0]?.line ?? line.last;
  return {
    ...finding(id, {file, ...positionOf(line, at)}, readable(message), readable(fix)),
    udevd: udevd && {level: udevd, lines: {first, last: line.last}, only},
  };
}

function fileProblems(path: string, text: string, bytes: Uint8Array): Problem[] {
  const problem = (id: FindingId, index: number, message: string, fix: string): Problem => {
    const before = text.slice(0, index);
    return {
      ...finding(
        id,
        {file: path, line: before.split('\n').length, col: index - before.lastIndexOf('\n')},
        message,
        fix,
      ),
      udevd: undefined,
    };
  };
  const found: Problem[] = [];
  const nul = text.indexOf('\0');
  if (nul >= 0)
    found.push(
      problem(
        'file/binary',
        nul,
        'a NUL byte: udevd takes it for the end of a line',
        'replace the file by one of text',
      ),
    );
  const cr = text.indexOf('\r');
  if (cr >= 0 && nul < 0)
    found.push(
      problem(
        'file/crlf',
        cr,
        'the line ends with CR: udevd before 240 reads it as a part of the rule',
        'save the file with Unix line ends',
      ),
    );
  if (nul < 0 && !isUtf8(bytes)) {
    const [at] = /[\x80-\xff]/.exec(text)?.slice(0, 1) ?? [];
    found.push(
      problem('file/encoding', at === undefined ? 0 : text.indexOf(at), 'the file is not UTF-8', 'save it as UTF-8'),
    );
  }
  return found;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', {fatal: true}).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
