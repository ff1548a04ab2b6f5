import {nearest} from '../../util/nearest.ts';
import {checkSpacing, checkTokens, resultBeforeProgram} from './check-rule.ts';
import {keys, keySpec, rankOf, type Key, type KeySpec} from './keys.ts';
import type {LogicalLine} from './lines.ts';
import {patternOf} from './pattern.ts';
import {isMatch, type Rule, type Token} from './rule.ts';
import {nextToken, type RawToken, type TokenFault} from './token.ts';
import {attributeProblems, valueProblems, type TokenProblem} from './value.ts';

const FAULTS: Readonly<Record<TokenFault, readonly [message: string, fix: string]>> = {
  key: ['a key without operator and value', 'write KEY=="value", or put "#" in front'],
  brace: ['the brace of the key is never closed', 'add the "}"'],
  operator: ['no operator behind the key', 'write one of == != = += -= :='],
  unquoted: ['the value is not quoted', 'put it in double quotes'],
  prefix: ['udevd knows the prefixes e"" and i"" only', 'remove the prefix'],
  quote: ['the closing quote is missing', 'add the quote; a quote within the value is written \\"'],
  escape: ['an escape that C does not know', 'double the backslash, or leave out the e before the quote'],
};

/** Reads one rule. Nothing where udevd drops it. */
export function parseRule(line: LogicalLine): {rule: Rule | undefined; found: TokenProblem[]} {
  const found: TokenProblem[] = [];
  const tokens: Token[] = [];
  let label: string | undefined;
  let goto: Rule['goto'];
  for (let from = 0; from < line.text.length;) {
    for (const one of checkSpacing(line.text, from)) found.push(one);
    const raw = nextToken(line.text, from);
    if (!raw) break;
    if ('fault' in raw) {
      const [message, fix] = FAULTS[raw.fault];
      found.push({
        id: raw.fault === 'quote' ? 'syntax/unbalanced-quote' : 'syntax/token',
        at: raw.at,
        message,
        fix,
        udevd: 'error',
      });
      return {rule: undefined, found};
    }
    from = raw.end;
    const then = collect(raw, found);
    if (then === 'fatal') return {rule: undefined, found};
    if (then === 'skip') continue;
    if (raw.key === 'GOTO') {
      if (goto) found.push(twice(raw, raw.value));
      else goto = {label: raw.value, at: raw.at};
    } else if (raw.key === 'LABEL') {
      if (label !== undefined) found.push(twice(raw, label));
      label = raw.value;
    } else tokens.push(tokenOf(raw));
  }
  const updates = tokens.some((token) => !isMatch(token) || token.key === 'PROGRAM' || token.key === 'IMPORT');
  if (!updates && goto === undefined && label === undefined) {
    const only = tokens.length === 0 ? 'the line has no token at all' : 'the rule matches and then does nothing';
    found.push({
      id: 'syntax/no-effect',
      at: 0,
      message: only,
      fix: 'add what it shall do, or remove it',
      udevd: 'warning',
    });
    return {rule: undefined, found};
  }
  const reordered = resultBeforeProgram(tokens);
  if (reordered) found.push(reordered);
  tokens.sort((a, b) => a.rank - b.rank);
  for (const one of checkTokens(tokens)) found.push(one);
  return {rule: {source: line, tokens, label, goto}, found};
}

/** Keys of which a match needs no look at its value. */
const PLAIN: ReadonlySet<string> = new Set([
  'ACTION',
  'DEVPATH',
  'KERNEL',
  'SYMLINK',
  'NAME',
  'ENV',
  'TAG',
  'DRIVER',
  'ATTR',
  'KERNELS',
  'SUBSYSTEMS',
  'DRIVERS',
  'TAGS',
  'RESULT',
]);

/** Adds what udevd minds about a token, up to where it gives up. */
function collect(raw: RawToken, found: TokenProblem[]): TokenProblem['then'] {
  const spec = keySpec(raw.key);
  const braced = raw.attr !== undefined;
  const fits =
    spec &&
    spec.match &&
    isMatch(raw) &&
    PLAIN.has(raw.key) &&
    (spec.braces === 'needed' ? braced && raw.attr !== '' : !braced);
  if (fits && !raw.ignoreCase && !/[$%]/.test(raw.attr ?? '')) return undefined;
  for (const problem of tokenProblems(raw)) {
    found.push(problem);
    if (problem.then) return problem.then;
  }
  return undefined;
}

const twice = ({key, at}: RawToken, ignored: string): TokenProblem => ({
  id: 'syntax/jump-twice',
  at,
  message: `the rule has two ${key}: ${key}="${ignored}" is ignored`,
  fix: 'keep one of them',
  udevd: 'warning',
});

function tokenOf(raw: RawToken): Token {
  const key = raw.key as Key;
  const spec: KeySpec = keys[key];
  const op = spec.runs && !isMatch(raw) ? '==' : spec.assumed.includes(raw.op) ? '=' : raw.op;
  const rank = rankOf(key, op, raw.attr, raw.value);
  const {attr, value, at, valueAt} = raw;
  if (!isMatch({op})) return {key, attr, op, value, pattern: undefined, rank, at, valueAt};
  const {pattern, inverted} = patternOf(value, raw.ignoreCase, key !== 'TEST' && !spec.runs, key === 'SUBSYSTEM');
  return {key, attr, op: inverted ? (op === '==' ? '!=' : '==') : op, value, pattern, rank, at, valueAt};
}

/** Everything that udevd minds about one token, in its order. */
function* tokenProblems(raw: RawToken): Generator<TokenProblem> {
  const {key, op, at, opAt, ignoreCase, valueAt} = raw;
  const spec = keySpec(key);
  const match = isMatch(raw);
  if (ignoreCase && !match)
    yield {
      id: 'syntax/value',
      at: valueAt,
      message: 'i"" is for == and != only',
      fix: 'remove the i',
      udevd: 'error',
      then: 'fatal',
    };
  if (!spec) {
    const meant = nearest(key, Object.keys(keys));
    yield {
      id: 'syntax/unknown-key',
      at,
      message: `udevd knows no key "${key}"`,
      fix: meant ? `write ${meant}` : 'remove it, or correct its name',
      udevd: 'error',
      then: 'fatal',
    };
    return;
  }
  const braces = bracesProblem(raw, spec);
  if (braces) yield braces;
  yield* attributeProblems(raw);
  const assumed = spec.assumed.includes(op);
  if (!(match ? spec.match : assumed || spec.assign.includes(op))) {
    const takes = [...(spec.match ? ['==', '!='] : []), ...spec.assign].join(' ');
    yield {
      id: 'syntax/operator',
      at: opAt,
      message: `${key} does not take ${op}`,
      fix: `use one of ${takes}`,
      udevd: 'error',
      then: 'fatal',
    };
  }
  if (assumed)
    yield {
      id: 'syntax/assumed-operator',
      at: opAt,
      message: `${key} does not take ${op}; udevd takes it for =`,
      fix: 'write =',
      udevd: 'warning',
    };
  if (ignoreCase && (key === 'TEST' || spec.runs))
    yield {
      id: 'syntax/value',
      at: valueAt,
      message: `${key} does not take i""`,
      fix: 'remove the i',
      udevd: 'error',
      then: 'fatal',
    };
  yield* valueProblems(raw, spec);
}

function bracesProblem({key, attr, at}: RawToken, spec: KeySpec): TokenProblem | undefined {
  const problem = (message: string, fix: string): TokenProblem => ({
    id: 'syntax/braces',
    at,
    message,
    fix,
    udevd: 'error',
    then: 'fatal',
  });
  if (spec.braces === 'none')
    return attr === undefined ? undefined : problem(`${key} takes no braces`, `write ${key} without them`);
  if (spec.braces === 'needed' && (attr === undefined || attr === ''))
    return problem(`${key} needs a name in braces`, `write ${key}{${spec.names?.[0] ?? 'name'}}`);
  if (spec.names && attr !== undefined && !spec.names.includes(attr))
    return problem(
      `${key} does not know "${attr}"`,
      `write one of ${spec.names.map((name) => `${key}{${name}}`).join(' ')}`,
    );
  return undefined;
}
