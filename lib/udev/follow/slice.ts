import {isMatch, type Rule, type RulesFile, type Token} from '../rules/rule.ts';

const made = new WeakMap<readonly RulesFile[], readonly RulesFile[]>();

/** The rules that can matter to a memory block: those that write, run something, or decide about rules that do. */
export function sliced(files: readonly RulesFile[]): readonly RulesFile[] {
  const known = made.get(files) ?? slice(files);
  made.set(files, known);
  return known;
}

function slice(files: readonly RulesFile[]): readonly RulesFile[] {
  const kept = files.map(({rules}) => rules.map((rule) => rule.tokens.some(acts)));
  if (!kept.some((file) => file.includes(true))) return files.map((file) => ({...file, rules: [], jumps: new Map()}));
  const names = new Set<string>(['SYSTEMD_WANTS']);
  for (let more = true; more;) {
    more = false;
    for (const [i, {rules, jumps}] of files.entries()) {
      const own = kept[i] ?? [];
      for (const [j, rule] of rules.entries())
        if (own[j] === true) for (const name of namesOf(rule)) more = more || names.size < names.add(name).size;
      for (const [j, rule] of rules.entries()) {
        if (own[j] === true) continue;
        const target = jumps.get(j);
        if (
          !rule.tokens.some((token) => setsOne(token, names)) &&
          !(target !== undefined && own.slice(j + 1, target).includes(true))
        )
          continue;
        own[j] = true;
        more = true;
      }
    }
  }
  return files.map((file, i) => only(file, kept[i] ?? []));
}

/** It changes something that has to do with memory, or runs a program, which may. */
function acts(token: Token): boolean {
  if (token.key === 'PROGRAM') return true;
  if (isMatch(token)) return token.key === 'IMPORT' && token.attr === 'program';
  if (token.key === 'RUN') return token.attr !== 'builtin';
  return (
    (token.key === 'ATTR' && /(^|[/\]])(state|online|auto_online_blocks|online_policy)$/.test(token.attr ?? '')) ||
    (token.key === 'ENV' && token.attr === 'SYSTEMD_WANTS')
  );
}

const setsOne = (token: Token, names: ReadonlySet<string>): boolean =>
  (token.key === 'ENV' && !isMatch(token) && names.has(token.attr ?? '')) ||
  (token.key === 'TAG' && token.value === 'systemd' && !isMatch(token)) ||
  (token.key === 'IMPORT' && names.size > 1);

/** Properties that a rule looks at. */
function* namesOf({tokens}: Rule): Generator<string> {
  for (const token of tokens) {
    if (token.key === 'ENV' && isMatch(token)) yield token.attr ?? '';
    for (const [, long, short] of token.value.matchAll(/\$env\{([^}]+)\}|%E\{([^}]+)\}/g)) yield long ?? short ?? '';
  }
}

function only(file: RulesFile, kept: readonly boolean[]): RulesFile {
  const before: number[] = [0];
  for (const [i, one] of kept.entries()) before[i + 1] = (before[i] ?? 0) + (one ? 1 : 0);
  const jumps = new Map<number, number>();
  for (const [i, target] of file.jumps) if (kept[i] === true) jumps.set(before[i] ?? 0, before[target] ?? 0);
  return {...file, rules: file.rules.filter((_, i) => kept[i]), jumps};
}
