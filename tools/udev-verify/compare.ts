import type {Problem, RulesFile} from '../../lib/udev/rules/rule.ts';
import type {Said} from './udevadm.ts';

/** What the lint says of a file in udevadm's terms. */
export interface Read {
  readonly passes: boolean;
  /** `level line`, each once, sorted. */
  readonly issues: readonly string[];
}

const key = (level: string, line: number): string => `${level} ${line}`;
const once = (keys: readonly string[]): string[] => [...new Set(keys)].sort();

/** udevadm says nothing of a file's lines where one of them is too long; then it fails as a whole. */
export const saidOf = ({passes, issues}: Said): Read => ({
  passes,
  issues: once(issues.map(({level, line}) => key(level, line))),
});

/** Our reading: everything that udevd itself logs. Any of it fails a file, style included. */
export function readOf({problems}: Pick<RulesFile, 'problems'>, version: number): Read {
  const newer = version > 257;
  const issues = problems.flatMap(({udevd}: Problem) =>
    udevd && udevd.only !== (newer ? 'old' : 'new')
      ? [key(udevd.level, newer ? udevd.lines.first : udevd.lines.last)]
      : [],
  );
  return {passes: issues.length === 0, issues: once(issues)};
}

/** How two readings of a file differ; empty where they agree. */
export function differences(said: Read, read: Read): string[] {
  return [
    ...(said.passes === read.passes
      ? []
      : [`udevadm ${said.passes ? 'passes' : 'fails'} it, the lint ${read.passes ? 'passes' : 'fails'} it`]),
    ...said.issues.filter((issue) => !read.issues.includes(issue)).map((issue) => `only udevadm: ${issue}`),
    ...read.issues.filter((issue) => !said.issues.includes(issue)).map((issue) => `only the lint: ${issue}`),
  ];
}
