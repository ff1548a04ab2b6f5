import {globMatches} from '../rules/glob.ts';
import {isKnown, shown, unknown} from '../follow/unknown.ts';
import {resolved} from '../follow/paths.ts';
import type {List, Part, Word} from './ast.ts';

/** What words of a script are filled in with. */
export interface Scope {
  readonly variables: Map<string, string>;
  readonly cwd: string;
  readonly name: string;
  /** Runs what stands in `$( )`: what it prints. */
  readonly output: (script: List) => string;
  readonly glob: (pattern: string) => readonly string[];
}

/** A piece of a word, filled in: `quoted` is not split and no pattern. */
interface Filled {
  readonly text: string;
  readonly quoted: boolean;
  /** Split at white space: what came from a variable or a command. */
  readonly split: boolean;
}

/** A word as one text, as in an assignment or behind a redirection. */
export const textOf = (word: Word, scope: Scope): string => word.map((part) => fill(part, scope).text).join('');

/** A word as a pattern of `case`: what is quoted counts as it is. */
export const patternOf = (word: Word, scope: Scope): string =>
  word
    .map((part) => fill(part, scope))
    .map(({text, quoted}) => (quoted ? text.replaceAll(/[*?[\\]/g, '\\$&') : text))
    .join('');

/** Words as a command gets them: filled in, split, and with patterns replaced by the files that they find. */
export function wordsOf(words: readonly Word[], scope: Scope): string[] {
  return words.flatMap((word) => {
    const filled = word.map((part) => fill(part, scope));
    return split(filled).flatMap((fields) => files(fields, scope));
  });
}

function fill(part: Part, scope: Scope): Filled {
  const {quoted} = part;
  switch (part.kind) {
    case 'text':
      return {text: part.text, quoted, split: false};
    case 'strange':
      return {text: unknown(`"${shown(part.text)}" in ${scope.name}`), quoted, split: false};
    case 'command':
      return {text: scope.output(part.script).replace(/\n+$/, ''), quoted, split: !quoted};
    case 'variable':
      return {text: variable(part, scope), quoted, split: !quoted};
  }
}

function variable({name, operator, argument}: Extract<Part, {kind: 'variable'}>, scope: Scope): string {
  const value = scope.variables.get(name);
  const missing = value === undefined || (operator.startsWith(':') && value === '');
  if (operator === '') return value ?? '';
  if (operator.endsWith('-')) return missing ? textOf(argument, scope) : value;
  if (operator.endsWith('=')) {
    if (missing) scope.variables.set(name, textOf(argument, scope));
    return scope.variables.get(name) ?? '';
  }
  if (operator.endsWith('+')) return missing ? '' : textOf(argument, scope);
  if (operator.endsWith('?')) return value ?? '';
  return isKnown(value ?? '')
    ? trimmed(value ?? '', operator, patternOf(argument, scope))
    : unknown(`\${${name}${operator}…} in ${scope.name}`);
}

/** `${name#pattern}` and its kin. */
function trimmed(value: string, operator: string, pattern: string): string {
  const front = operator.startsWith('#');
  const cuts = [...Array(value.length + 1).keys()];
  const longest = operator.length === 2;
  for (const size of longest ? cuts.reverse() : cuts) {
    const piece = front ? value.slice(0, size) : value.slice(value.length - size);
    if (globMatches(pattern, piece)) return front ? value.slice(size) : value.slice(0, value.length - size);
  }
  return value;
}

/** Fields of a word: what a variable holds is split at white space. An unknown stays one. */
function split(filled: readonly Filled[]): Filled[][] {
  const fields: Filled[][] = [];
  let current: Filled[] | undefined;
  for (const piece of filled) {
    if (!piece.split) {
      if (piece.text !== '' || piece.quoted) current = [...(current ?? []), piece];
      continue;
    }
    const parts = isKnown(piece.text) ? piece.text.split(/[ \t\n]+/) : [piece.text];
    for (const [i, text] of parts.entries()) {
      if (i > 0 && current) {
        fields.push(current);
        current = undefined;
      }
      if (text !== '') current = [...(current ?? []), {...piece, text}];
    }
  }
  return current ? [...fields, current] : fields;
}

function files(field: readonly Filled[], {cwd, glob}: Scope): string[] {
  const plain = field.map(({text}) => text).join('');
  if (!field.some(({text, quoted}) => !quoted && /[*?[]/.test(text)) || !isKnown(plain)) return [plain];
  const pattern = field.map(({text, quoted}) => (quoted ? text.replaceAll(/[*?[\\]/g, '\\$&') : text)).join('');
  const found = glob(resolved(cwd, pattern));
  if (found.length === 0) return [plain];
  return plain.startsWith('/') ? [...found] : found.map((path) => path.slice(cwd.length + (cwd === '/' ? 0 : 1)));
}
