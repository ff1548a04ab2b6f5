import {globMatches} from './glob.ts';
import {anything, exactly, oneOf, type Text, type Truth} from './maybe.ts';

/** What udevd has collected on its way through the rules of one event: properties, and what the last program said. */
export interface Collected {
  readonly env: ReadonlyMap<string, Text>;
  /** Properties of these names (patterns) may have been imported from somewhere. */
  readonly imported: readonly string[];
  readonly result: Text;
}

/** Unset where all rules of the guest are known; where only some are, any other rule may have set it. */
export function property({env, imported}: Collected, name: string, complete: boolean): Text {
  const known = env.get(name) ?? (complete || name.startsWith('.') ? exactly('') : anything);
  return imported.some((pattern) => globMatches(pattern, name)) ? oneOf(known, anything) : known;
}

/** A property set; perhaps, where it is not certain that udevd gets there. */
export function setProperty(collected: Collected, name: string, value: Text, certain: Truth, complete: boolean): Collected {
  const next = certain === 'yes' ? value : oneOf(property(collected, name, complete), value);
  return {...collected, env: new Map(collected.env).set(name, next)};
}

/** What is known where two ways through the rules meet again. */
export function meet(a: Collected, b: Collected, complete: boolean): Collected {
  if (a === b) return a;
  const env = new Map<string, Text>();
  for (const name of new Set([...a.env.keys(), ...b.env.keys()])) env.set(name, oneOf(property(a, name, complete), property(b, name, complete)));
  return {env, imported: [...new Set([...a.imported, ...b.imported])], result: oneOf(a.result, b.result)};
}
