import {clean} from '../../util/text.ts';
import {BLOCK, type Effect} from '../predict/effect.ts';
import {guestNames, policies} from '../guest.ts';
import type {Linted} from './files.ts';

/**
 * Findings for people: `file:line:col level id sentence`, the fix under it, and then what becomes of a plugged block.
 */
export function printed(linted: Linted): string {
  const {findings, files} = linted;
  const lines = findings.flatMap(({file, line, col, level, id, message, fix}) => [
    `${file}:${line}:${col}: ${level} ${id} ${message}`,
    `    fix: ${fix}`,
  ]);
  const counts = (['error', 'warning', 'info'] as const)
    .map((level) => `${findings.filter((one) => one.level === level).length} ${level}`)
    .join(', ');
  const rules = files.reduce((sum, file) => sum + file.rules.length, 0);
  return [
    ...lines,
    ...(lines.length > 0 ? [''] : []),
    ...becomes(linted),
    `${files.length} files, ${rules} rules: ${counts}`,
    '',
  ]
    .map((line) => clean(line).replaceAll('\n', ' '))
    .join('\n');
}

/** What becomes of blocks: of plugged ones, then of those that are not like most, or there already. */
function becomes({effects, others, findings}: Linted): string[] {
  const elsewhere = findings.filter(({id}) => id === 'memory/other-subsystem' || id === 'memory/sets-policy');
  const also = elsewhere.map(({file, line, id}) => `But see ${id}, ${file}:${line}.`);
  const asked = effects.length === 0 && findings.some(({id, level}) => id === 'memory/never' && level === 'info');
  const usual = asked
    ? ['No rule writes to the state of a memory block on what was asked about.']
    : effectLines(effects);
  return [...usual, ...[...new Set(also)], ...otherLines(effects, others)];
}

/**
 * Blocks of other names than most, and those that are online when "add" is sent again: where something else becomes of
 * them.
 */
function otherLines(effects: readonly Effect[], others: Linted['others']): string[] {
  const usual = new Map(effects.map(({guest, outcome}) => [JSON.stringify(guest), outcome.join()]));
  const groups = new Map<string, Linted['others'][number][]>();
  for (const other of others) {
    const {again, block, outcome, guest} = other;
    if (again ? outcome.join() === 'unchanged' : outcome.join() === usual.get(JSON.stringify(guest))) continue;
    const what = again
      ? `${block.name}, online already, when "add" is sent again (at boot, by udevadm trigger):`
      : `${block.name}, when plugged:`;
    groups.set(what, [...(groups.get(what) ?? []), other]);
  }
  return [...groups].flatMap(([what, some]) => [`What becomes of ${what}`, ...byPolicy(some)]);
}

/** `unchanged` for people. */
const WORDS: Readonly<Record<string, string>> = {
  unchanged: 'left as it is',
  online: 'online',
  online_kernel: 'online_kernel',
  online_movable: 'online_movable',
  offline: 'offline',
};

/** What becomes of a plugged block, by policy and then by what happens. */
export function effectLines(effects: readonly Effect[]): string[] {
  if (effects.length === 0) return ['No rule writes to the state of a memory block.'];
  return ['What becomes of a plugged memory block, by auto_online_blocks:', ...byPolicy(effects)];
}

function byPolicy(effects: readonly Effect[]): string[] {
  const tables = new Map<string, string[]>();
  for (const policy of policies) {
    const table = outcomes(effects.filter(({guest}) => guest.policy === policy)).join('\n');
    if (table !== '') tables.set(table, [...(tables.get(table) ?? []), policy]);
  }
  return [...tables].flatMap(([table, names]) => [`  ${names.join(', ')}`, ...table.split('\n')]);
}

/** Findings for programs. */
export function toJson({findings, effects, others, files}: Linted): unknown {
  const json = ({guest, outcome, dependsOn, writes}: Effect): object => ({
    ...guest,
    outcome,
    dependsOn,
    writes: writes.map(({value, certain, how, place}) => ({
      ...place,
      how,
      certain: certain === 'yes',
      words: value.values,
      anyWord: value.open,
    })),
  });
  return {
    files: files.map(({path, rules}) => ({path, rules: rules.length})),
    findings,
    effects: effects.map(json),
    others: others.map((other) => ({blocks: other.block.name, online: other.again, ...json(other)})),
  };
}

function outcomes(effects: readonly Effect[]): string[] {
  const byOutcome = new Map<string, Effect[]>();
  for (const effect of effects) {
    const words = effect.outcome.map((word) => WORDS[word] ?? word).join(' or ');
    byOutcome.set(words, [...(byOutcome.get(words) ?? []), effect]);
  }
  return [...byOutcome].flatMap(([words, some]) => [
    `    ${words.padEnd(24)} ${guestNames(some.map(({guest}) => guest))}`,
    ...[...new Set(some.flatMap(({dependsOn}) => dependsOn))].map(
      (what) => `      depends on ${what.replaceAll(`memory${BLOCK}`, 'memoryN')}`,
    ),
  ]);
}
