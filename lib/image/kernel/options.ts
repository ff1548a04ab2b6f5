import {UsageError} from '../../util/errors.ts';
import {compareReleases} from '../../util/releases.ts';

/** An option of a kernel's config and the value that it is to have; `n`: it is not to be set. */
export interface Option {
  /** Without CONFIG_. */
  readonly name: string;
  /** As it stands in a config: `y`, a number, or a text with its quotes. */
  readonly value: string;
  /** Who asked: a fragment's name, or the user by `--enable` and `--disable`. */
  readonly by: string;
}

const NAME = '[A-Za-z0-9_]+';
const VALUE = String.raw`y|-?\d+|0x[0-9a-fA-F]+|"[^"\\]*"`;
const LINE = new RegExp(
  String.raw`^(?:CONFIG_(?<name>${NAME})=(?<value>${VALUE})|# CONFIG_(?<unset>${NAME}) is not set)` +
    String.raw`(?: {2}# (?<when>since|until) (?<release>\d+(?:\.\d+)*))?$`,
);

/**
 * The options of a fragment, for one release of Linux: a line of the form of a config, which may end with `  # since
 * 6.11` or `  # until 7.0` (that release no more). Other comments begin a line. Throws Error where one is anything else.
 */
export function readFragment(by: string, text: string, release: string): Option[] {
  return text.split('\n').flatMap((line, i) => {
    const groups = LINE.exec(line)?.groups;
    if (groups === undefined) {
      if (/^(?:#|$)/.test(line) && !line.startsWith('# CONFIG_')) return [];
      throw new Error(`${by}:${i + 1}: neither an option nor a comment: ${line}`);
    }
    const {name, value, unset, when, release: limit = ''} = groups;
    const isPast = when !== undefined && compareReleases(release, limit) >= 0;
    if (when !== undefined && isPast !== (when === 'since')) return [];
    return [{name: name ?? unset ?? '', value: value ?? 'n', by}];
  });
}

/** What `--enable` and `--disable` say. Throws UsageError. */
export function readAsked(enable: readonly string[], disable: readonly string[]): Option[] {
  const options = [
    ...enable.map((text) => readOne(text, '--enable', 'y')),
    ...disable.map((text) => readOne(text, '--disable', 'n')),
  ];
  const twice = options.find(({name}, i) => options.findIndex((other) => other.name === name) !== i);
  if (twice) throw new UsageError(`${twice.by} ${twice.name}: the option was named before; name it once`);
  return options;
}

function readOne(text: string, by: string, alone: 'y' | 'n'): Option {
  const [, name, value] = new RegExp(`^(?:CONFIG_)?(${NAME})(?:=(.*))?$`).exec(text) ?? [];
  if (name === undefined)
    throw new UsageError(`${by} ${text}: wanted an option of the kernel's config, e.g. CONFIG_VIRTIO_MEM`);
  if (value === undefined) return {name, value: alone, by};
  if (alone === 'n') throw new UsageError(`${by} ${text}: an option that is not to be set has no value`);
  if (value === 'm')
    throw new UsageError(`${by} ${text}: such a kernel has no modules; ${by} ${name} builds it into the kernel`);
  if (new RegExp(`^(?:${VALUE})$`).test(value)) return {name, value, by};
  if (/^[^"\\]*$/.test(value) && value !== 'n') return {name, value: `"${value}"`, by};
  throw new UsageError(`${by} ${text}: wanted y, a number or a text without quotes after the =`);
}

/** The options of several places, in which the later ones have the last word. */
export const mergeOptions = (...places: readonly (readonly Option[])[]): Option[] => [
  ...new Map(places.flat().map((option) => [option.name, option])).values(),
];

/** The text of a config. */
export const configText = (options: readonly Option[]): string =>
  options.map(({name, value}) => (value === 'n' ? unset(name) : `CONFIG_${name}=${value}`) + '\n').join('');

const unset = (name: string): string => `# CONFIG_${name} is not set`;

/** The options that a config sets, with their values. */
export const readConfig = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));

/** An option that didn't come out as asked. */
export interface Difference extends Option {
  /** What it is in the config; `n` where it isn't set. */
  readonly seen: string;
}

/** The options that a config has otherwise. */
export const differences = (asked: readonly Option[], config: ReadonlyMap<string, string>): Difference[] =>
  asked.map((option) => ({...option, seen: config.get(option.name) ?? 'n'})).filter(({value, seen}) => value !== seen);
