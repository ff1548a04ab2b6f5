import type {FindingId} from '../lint/finding.ts';
import {isMatch, type Rule} from './rule.ts';

type Say = (
  rule: Rule,
  at: number,
  what: {id: FindingId; message: string; fix: string; udevd: 'error' | 'warning' | 'notice' | undefined},
) => void;

/**
 * Finds where each GOTO goes: the next rule further down with its LABEL. A rule whose GOTO goes nowhere and that does
 * nothing else is dropped.
 */
export function resolveJumps(
  rules: readonly Rule[],
  say: Say,
): {rules: readonly Rule[]; jumps: ReadonlyMap<number, number>} {
  const next = new Map<string, number>();
  const target = new Map<Rule, Rule>();
  const used = new Set<Rule>();
  const dropped = new Set<Rule>();
  for (let i = rules.length - 1; i >= 0; i -= 1) {
    const rule = rules[i];
    if (rule?.goto) {
      const to = rules[next.get(rule.goto.label) ?? -1];
      if (to) {
        target.set(rule, to);
        used.add(to);
      }
    }
    if (rule?.label !== undefined) next.set(rule.label, i);
  }
  const seen = new Set<string>();
  for (const rule of rules) {
    if (rule.goto && !target.has(rule)) {
      const above = seen.has(rule.goto.label) || rule.label === rule.goto.label;
      say(rule, rule.goto.at, {
        id: 'syntax/goto',
        message:
          `no LABEL="${rule.goto.label}" further down in this file: the GOTO does ` +
          `nothing${above ? '; the one above it does not count' : ''}`,
        fix: above ? 'a GOTO only goes forward: move the label behind it' : 'add the label, or correct its name',
        udevd: 'error',
      });
      if (!rule.tokens.some((token) => !isMatch(token) || token.key === 'PROGRAM' || token.key === 'IMPORT')) {
        if (!used.has(rule)) dropped.add(rule);
        say(rule, 0, {
          id: 'syntax/no-effect',
          message: 'without its GOTO the rule does nothing',
          fix: 'correct the GOTO',
          udevd: 'warning',
        });
      }
    }
    if (rule.label !== undefined) {
      if (seen.has(rule.label))
        say(rule, 0, {
          id: 'syntax/label-twice',
          message: `LABEL="${rule.label}" is there twice: a GOTO above both goes to the first`,
          fix: 'use a name once',
          udevd: undefined,
        });
      seen.add(rule.label);
      if (!used.has(rule))
        say(rule, 0, {
          id: 'syntax/unused-label',
          message: `no GOTO goes to LABEL="${rule.label}"`,
          fix: 'remove it, or correct its name',
          udevd: 'notice',
        });
    }
  }
  const kept = rules.filter((rule) => !dropped.has(rule));
  const index = new Map(kept.map((rule, i) => [rule, i]));
  return {
    rules: kept,
    jumps: new Map(
      kept.flatMap((rule, i) => (target.has(rule) ? [[i, index.get(target.get(rule) ?? rule) ?? i] as const] : [])),
    ),
  };
}
