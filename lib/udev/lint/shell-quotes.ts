import {finding, type Finding} from './finding.ts';
import {isMatch, placeOf, type RulesFile} from '../rules/rule.ts';

/** Commands whose own quotes are not closed: udevd splits them nevertheless, and what it runs is a guess. */
export function* shellQuotes(file: RulesFile): Generator<Finding> {
  for (const rule of file.rules) {
    for (const token of rule.tokens) {
      const {key, attr, value} = token;
      const runs =
        key === 'PROGRAM' ||
        (key === 'IMPORT' && attr === 'program') ||
        (key === 'RUN' && !isMatch(token) && attr !== 'builtin');
      const open = runs ? openQuote(value) : undefined;
      if (open !== undefined) {
        yield finding(
          'syntax/command-quote',
          placeOf(file, rule, token.valueAt),
          `the command opens a ${open} that it never closes`,
          `add the ${open} at the end of the command`,
        );
      }
    }
  }
}

function openQuote(command: string): string | undefined {
  let open: string | undefined;
  for (let i = 0; i < command.length; i += 1) {
    const c = command[i];
    if (c === '\\' && open !== "'") i += 1;
    else if (c === open) open = undefined;
    else if (open === undefined && (c === '"' || c === "'")) open = c;
  }
  return open;
}
