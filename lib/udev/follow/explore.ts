/** Asks something that nothing given tells: each answer is a way of its own. */
export interface Oracle {
  /** `what` is what it depends on, for people; the same question about it has the same answer all along a way. */
  readonly choose: <T>(what: string, question: string, options: readonly T[]) => T;
}

/** One way through: what came of it, and what was chosen on it. */
export interface Way<T> {
  readonly value: T;
  readonly choices: readonly Choice[];
}

interface Choice {
  readonly what: string;
  readonly index: number;
  readonly of: number;
}

/** More ways than this are not followed. */
const MOST = 400;

/** Follows all ways through something that asks, and hands each over. True: there are no others. */
export function explore<T>(run: (oracle: Oracle) => T, take: (way: Way<T>) => unknown, most: number = MOST): boolean {
  let next: readonly Choice[] | undefined = [];
  for (let i = 0; next && i < most; i += 1) {
    const way = follow(run, next);
    take(way);
    next = after(way.choices);
  }
  return next === undefined;
}

function follow<T>(run: (oracle: Oracle) => T, given: readonly Choice[]): Way<T> {
  const choices: Choice[] = [];
  const known = new Map<string, number>();
  const choose = <A>(what: string, question: string, options: readonly A[]): A => {
    const key = `${what}\n${question}`;
    let index = known.get(key);
    if (index === undefined) {
      index = given[choices.length]?.index ?? 0;
      known.set(key, index);
      choices.push({what, index, of: options.length});
    }
    return options[index] as A;
  };
  const value = run({choose});
  return {value, choices};
}

/** The next way in order: the last choice that has another answer takes it. */
function after(choices: readonly Choice[]): readonly Choice[] | undefined {
  for (let i = choices.length - 1; i >= 0; i -= 1) {
    const last = choices[i];
    if (last && last.index + 1 < last.of) return [...choices.slice(0, i), {...last, index: last.index + 1}];
  }
  return undefined;
}

/** What makes the difference between ways: choices whose answers lead to other results. */
export function decisive<T>(ways: readonly Way<T>[], keyOf: (value: T) => string): string[] {
  const found = new Set<string>();
  look(
    ways.map(({value, choices}) => ({key: keyOf(value), choices})),
    0,
    found,
  );
  return [...found];
}

function look(
  ways: readonly {readonly key: string; readonly choices: readonly Choice[]}[],
  depth: number,
  found: Set<string>,
): void {
  if (new Set(ways.map(({key}) => key)).size < 2) return;
  const branches = new Map<number, {key: string; choices: readonly Choice[]}[]>();
  for (const way of ways) {
    const index = way.choices[depth]?.index ?? 0;
    const branch = branches.get(index) ?? [];
    branch.push(way);
    branches.set(index, branch);
  }
  const ends = new Set(
    [...branches.values()].map((branch) => [...new Set(branch.map(({key}) => key))].sort().join('\n')),
  );
  const what = ways.find(({choices}) => choices.length > depth)?.choices[depth]?.what;
  if (ends.size > 1 && what !== undefined) found.add(what);
  for (const branch of branches.values()) look(branch, depth + 1, found);
}
