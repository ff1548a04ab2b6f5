import {argvOf, isShell, shellSigns} from '../command/argv.ts';
import {SYSTEM} from '../command/known.ts';
import {finding, type Finding} from './finding.ts';
import {isForMemory} from './writes.ts';
import {placeOf, type RulesFile, type Token} from '../rules/rule.ts';

/** What is to be said of commands of rules that are for memory, or stand in a file that is. */
export function* commandFindings(file: RulesFile): Generator<Finding> {
  const about = file.rules.some((rule) => isForMemory({rule})) || file.rules.some(({tokens}) => tokens.some(isGuard));
  if (!about) return;
  for (const rule of file.rules) {
    if (!isForMemory({rule}) && isForOthers(rule.tokens)) continue;
    for (const token of rule.tokens) {
      const {key, attr, value} = token;
      if (key !== 'PROGRAM' && !(key === 'RUN' && attr !== 'builtin') && !(key === 'IMPORT' && attr === 'program'))
        continue;
      const argv = argvOf(value);
      const [program = ''] = argv;
      const place = placeOf(file, rule, token.valueAt);
      const signs = shellSigns(argv);
      if (signs.length > 0) {
        yield finding(
          'memory/no-shell',
          place,
          `udevd starts no shell: ${program} gets ${signs.map((sign) => `"${sign}"`).join(' and ')} as ` +
            `words like any ` +
            'other, and nothing is written by it',
          `put it into a shell: ${key}${key === 'RUN' ? '+' : ''}="/bin/sh -c '…'"`,
        );
      }
      if (!program.startsWith('/') && (SYSTEM.has(program) || isShell(program))) {
        const then = key === 'RUN' ? 'nothing is run' : 'the match fails, whatever is compared with its result';
        yield finding(
          'memory/no-path',
          place,
          `${program} has no path, and udevd looks for it in /usr/lib/udev alone, where it is not: ${then}`,
          `write /bin/${program}, or where else it is`,
        );
      }
    }
  }
}

const isGuard = ({key, op, value}: Token): boolean => key === 'SUBSYSTEM' && op === '!=' && value === 'memory';

/** The rule is for other devices alone. */
const isForOthers = (tokens: readonly Token[]): boolean =>
  tokens.some(({key, op, value}) => key === 'SUBSYSTEM' && op === '==' && value !== 'memory' && value !== '*');
