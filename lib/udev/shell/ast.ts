/** A part of a word of the shell. `quoted`: not split and not taken for a pattern. */
export type Part =
  | {readonly kind: 'text'; readonly text: string; readonly quoted: boolean}
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly operator: string;
      readonly argument: Word;
      readonly quoted: boolean;
    }
  | {readonly kind: 'command'; readonly script: List; readonly quoted: boolean}
  | {readonly kind: 'strange'; readonly text: string; readonly quoted: boolean};

export type Word = readonly Part[];

export interface Redirection {
  readonly fd: number;
  readonly operator: '>' | '>>' | '<' | '>&' | '<<<' | '&>';
  readonly target: Word;
}

export type Node =
  | {
      readonly kind: 'simple';
      readonly assignments: readonly {readonly name: string; readonly value: Word}[];
      readonly words: readonly Word[];
    }
  | {readonly kind: 'pipe'; readonly parts: readonly Command[]}
  | {readonly kind: 'not'; readonly body: Command}
  | {readonly kind: 'group'; readonly body: List; readonly subshell: boolean}
  | {
      readonly kind: 'if';
      readonly branches: readonly {readonly test: List; readonly body: List}[];
      readonly otherwise: List | undefined;
    }
  | {readonly kind: 'for'; readonly name: string; readonly words: readonly Word[] | undefined; readonly body: List}
  | {readonly kind: 'while'; readonly until: boolean; readonly test: List; readonly body: List}
  | {
      readonly kind: 'case';
      readonly word: Word;
      readonly arms: readonly {readonly patterns: readonly Word[]; readonly body: List}[];
    };

export interface Command {
  readonly node: Node;
  readonly redirections: readonly Redirection[];
}

/** Commands, each with what comes between it and the one before. */
export type List = readonly {
  readonly after: ';' | '&&' | '||';
  readonly background: boolean;
  readonly command: Command;
}[];

/** The script is written in a way that is not read here. */
export class NotRead extends Error {}
