import type {Finding} from '../lint/finding.ts';
import type {Key} from './keys.ts';
import {positionOf, type LogicalLine, type Position} from './lines.ts';
import type {Pattern} from './pattern.ts';
import type {Operator} from './token.ts';

/** A match or an assignment, as udevd applies it. */
export interface Token {
  readonly key: Key;
  readonly attr: string | undefined;
  /** As udevd applies it: `==` for PROGRAM, the opposite for `"?*"`. */
  readonly op: Operator;
  readonly value: string;
  /** Of a match that compares strings. */
  readonly pattern: Pattern | undefined;
  /** Place in udevd's order of application. */
  readonly rank: number;
  /** Offsets into the rule's text. */
  readonly at: number;
  readonly valueAt: number;
}

/** A rule: one logical line that udevd keeps. */
export interface Rule {
  readonly source: LogicalLine;
  /** In udevd's order of application. */
  readonly tokens: readonly Token[];
  readonly label: string | undefined;
  readonly goto: {readonly label: string; readonly at: number} | undefined;
}

/** What udevd logs while it reads rules. */
export type UdevdLevel = 'error' | 'warning' | 'notice';

/** What only some udevds log: those up to 257, or those from 258 on (seen in 262). */
export type Only = 'old' | 'new';

/** A finding of the parser, with what udevd itself says of it. */
export interface Problem extends Finding {
  readonly udevd:
    | {
        readonly level: UdevdLevel;
        /**
         * The lines of the rule; old udevds name the last in their message, new ones the first. 0 where none is named.
         */
        readonly lines: {readonly first: number; readonly last: number};
        readonly only?: Only | undefined;
      }
    | undefined;
}

/** A rules file as udevd keeps it. */
export interface RulesFile {
  readonly path: string;
  readonly rules: readonly Rule[];
  /** For each rule with a GOTO, the index of the rule it goes to. */
  readonly jumps: ReadonlyMap<number, number>;
  readonly problems: readonly Problem[];
}

export const isMatch = ({op}: {readonly op: Operator}): boolean => op === '==' || op === '!=';

/** Where a token of a rule stands in the file. */
export const placeOf = (
  file: {readonly path: string},
  rule: {readonly source: LogicalLine},
  at = 0,
): Position & {file: string} => ({file: file.path, ...positionOf(rule.source, at)});
