import {nearest} from '../../util/nearest.ts';
import {holds, parts} from './condition.ts';
import type {Definition} from './kconfig.ts';
import type {Difference} from './options.ts';

/** Why an option didn't come out as asked, from the Kconfig files: one line for people. */
export function explain(
  difference: Difference,
  definitions: readonly Definition[],
  config: ReadonlyMap<string, string>,
): string {
  const {name, value, seen, by} = difference;
  return `CONFIG_${name} (${by}): wanted ${told(value)}, came out ${told(seen)}: ${why(difference, definitions, config)}`;
}

const told = (value: string): string => (value === 'n' ? 'not set' : value);

function why(
  {name, value, seen}: Difference,
  definitions: readonly Definition[],
  config: ReadonlyMap<string, string>,
): string {
  const own = definitions.filter((one) => one.name === name);
  if (own.length === 0) {
    const close = nearest(
      name,
      definitions.map((one) => one.name),
    );
    return `an unknown option: no Kconfig file has it${close === undefined ? '' : `; did you mean ${close}?`}`;
  }
  const selecting = definitions.filter(({selects}) => selects.some((select) => select.name === name));
  if (value === 'n') {
    const set = selecting.filter((one) => config.get(one.name) === 'y').map((one) => one.name);
    return set.length > 0 ? `it is selected by ${list(set)}` : `the kernel sets it by itself (${own[0]?.place ?? ''})`;
  }
  const unmet = own.map(({place, depends}) => ({
    place,
    parts: depends.flatMap(parts).filter((part) => holds(part, config) === false),
  }));
  if (unmet.every(({parts}) => parts.length > 0))
    return unmet.map(({place, parts}) => `it depends on ${parts.join(' and ')}, which isn't so (${place})`).join('; ');
  if (!own.some(({hasPrompt}) => hasPrompt))
    return `it can't be chosen (${own[0]?.place ?? ''}); what selects it: ${list(selecting.map((one) => one.name)) || 'nothing'}`;
  return seen === 'n'
    ? `something else excludes it, e.g. another option of the same choice (${own[0]?.place ?? ''})`
    : `it takes no such value (${own[0]?.place ?? ''})`;
}

const list = (names: readonly string[]): string =>
  [...new Set(names)].slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
