import type {Pattern} from './pattern.ts';
import type {Token} from './rule.ts';
import type {TokenProblem} from './value.ts';

/** What `udevadm verify` says of the commas and spaces in front of a token; `from` is where the one before it ended. */
export function checkSpacing(text: string, from: number): TokenProblem[] {
  if (from > 0 && text[from] === ',' && text[from + 1] === ' ' && isKeyLetter(text.charCodeAt(from + 2))) return [];
  return [...spacing(text, from)];
}

const isKeyLetter = (code: number): boolean => code >= 0x41 && code <= 0x5a;

function* spacing(text: string, from: number): Generator<TokenProblem> {
  const style = (message: string): TokenProblem => ({
    id: 'syntax/style',
    at: from,
    message,
    fix: 'write one comma and one space between tokens',
    udevd: 'notice',
  });
  let commas = 0;
  let before = false;
  let after = false;
  let end = from;
  for (; end < text.length; end += 1) {
    const c = text[end] ?? '';
    if (c === ',') commas += 1;
    else if (!' \t\n\r'.includes(c)) break;
    else if (commas > 0) after = true;
    else before = true;
  }
  if (from === 0) {
    if (commas > 0) yield style('the rule begins with a comma');
  } else if (end === text.length) {
    if (commas > 0) yield style('the rule ends with a comma');
  } else if (commas === 0) {
    yield style('no comma between two tokens');
    if (!before && !after) yield style('no space between two tokens');
  } else {
    if (commas > 1) yield style('more than one comma between two tokens');
    if (before) yield style('a space before the comma');
    if (!after) yield style('no space behind the comma');
  }
}

/** A RESULT that stands before its PROGRAM. `tokens`: as they stand in the rule. */
export function resultBeforeProgram(tokens: readonly Token[]): TokenProblem | undefined {
  const result = tokens.findIndex(({key}) => key === 'RESULT');
  if (result < 0 || !tokens.some(({key}, i) => i > result && key === 'PROGRAM')) return undefined;
  return {
    id: 'syntax/result-order',
    at: tokens[result]?.at ?? 0,
    message: 'RESULT stands before PROGRAM; udevd runs PROGRAM first all the same',
    fix: 'write PROGRAM first',
    udevd: 'warning',
  };
}

/** A token is compared with so many others; a rule has never more of a kind. */
const COMPARED = 200;

/**
 * What `udevadm verify` says of a rule as a whole: the same twice, matches that exclude each other. `tokens`: in
 * udevd's order.
 */
export function checkTokens(tokens: readonly Token[]): TokenProblem[] {
  const found: TokenProblem[] = [];
  let duplicate = false;
  let conflict = false;
  for (let i = 0; i < tokens.length && !(duplicate && conflict); i += 1) {
    const a = tokens[i];
    for (let j = i + 1; a && j < Math.min(tokens.length, i + COMPARED) && tokens[j]?.rank === a.rank; j += 1) {
      const b = tokens[j] ?? a;
      const equal = equalApartFromOperator(a, b);
      if (equal && a.op === b.op && !duplicate) {
        duplicate = true;
        found.push({
          id: 'syntax/duplicate',
          at: b.at,
          message: `the rule has the same ${b.key} twice`,
          fix: 'remove one',
          udevd: 'warning',
        });
      }
      if ((equal ? a.op !== b.op && a.pattern !== undefined : excludeEachOther(a, b)) && !conflict) {
        conflict = true;
        // udevadm does not see it where a match ignores case or white space at the end: it compares more than the kind
        // of match.
        const silent = !equal && (a.pattern?.ignoreCase === true || trims(a));
        found.push({
          id: 'syntax/conflict',
          at: b.at,
          message: `two matches of ${b.key} can never hold together: the rule does nothing`,
          fix: 'remove one; for "either", write both values with "|" between them',
          udevd: silent ? undefined : 'error',
        });
      }
    }
  }
  return found;
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.every((one) => b.includes(one)) && b.every((one) => a.includes(one));

const samePattern = (a: Pattern, b: Pattern): boolean =>
  a.kind === b.kind &&
  a.ignoreCase === b.ignoreCase &&
  (a.kind === 'empty' || a.kind === 'subsystem' || a.orEmpty === b.orEmpty);

/** White space at the end of an attribute counts only where the rule has some. */
const trims = ({key, value}: Token): boolean =>
  (key === 'ATTR' || key === 'ATTRS') && value !== '' && !/[ \t\n\v\f\r]$/.test(value);

function equalApartFromOperator(a: Token, b: Token): boolean {
  if (a.attr !== b.attr && a.key !== 'IMPORT' && a.key !== 'RUN' && a.key !== 'TEST') return false;
  if (
    a.key === 'TEST' &&
    Number.parseInt(a.attr ?? '', 8) !== Number.parseInt(b.attr ?? '', 8) &&
    (a.attr ?? '') !== (b.attr ?? '')
  )
    return false;
  if (!a.pattern || !b.pattern) return !a.pattern && !b.pattern && a.value === b.value;
  if (!samePattern(a.pattern, b.pattern) || trims(a) !== trims(b)) return false;
  return (
    a.pattern.kind === 'empty' ||
    a.pattern.kind === 'subsystem' ||
    sameSet(a.pattern.alternatives, b.pattern.alternatives)
  );
}

/** Both `==`, and no string can match both: values that differ, or patterns that begin differently. */
function excludeEachOther(a: Token, b: Token): boolean {
  if (a.op !== '==' || b.op !== '==' || !a.pattern || !b.pattern || a.attr !== b.attr) return false;
  if (
    ['TEST', 'PROGRAM', 'IMPORT'].includes(a.key) ||
    !samePattern(a.pattern, b.pattern) ||
    trims(a) !== trims(b) ||
    a.pattern.orEmpty
  )
    return false;
  const others = b.pattern.alternatives;
  if (a.pattern.kind === 'plain') return a.pattern.alternatives.every((one) => !others.includes(one));
  if (a.pattern.kind !== 'glob') return false;
  const literal = (pattern: string): string => /^[^*?[]*/.exec(pattern)?.[0] ?? '';
  return a.pattern.alternatives.every((one) => {
    const mine = literal(one);
    return (
      mine !== '' &&
      others.every((other) => {
        const its = literal(other);
        const common = Math.min(mine.length, its.length);
        return its !== '' && mine.slice(0, common) !== its.slice(0, common);
      })
    );
  });
}
