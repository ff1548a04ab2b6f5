import {linesOf} from '../conf-dirs.ts';
import type {Place, Word} from '../place.ts';
import type {Tree} from '../tree/tree.ts';
import type {Config} from './config.ts';
import type {Entry, Loader} from './entry.ts';
import {entriesLoader} from './entries.ts';
import {extlinuxLoader} from './extlinux.ts';
import {grubDefaults} from './grub-defaults.ts';
import {grubLoader} from './grub.ts';
import {releaseOfImage} from './kernels.ts';
import {commandLineWords} from './shell-words.ts';

/** The kernel's command line, as far as it can be known from a root. */
export interface CommandLine {
  readonly words: readonly Word[];
  /** Where it comes from, for people; nothing where there is none. */
  readonly from: string | undefined;
  /**
   * What the next run of the loader's own tool would write, where that is known too: GRUB's defaults, kernel-install's.
   */
  readonly source: readonly Word[] | undefined;
}

/** Files whose whole text is a command line: for kernel-install and for boards that boot by them. */
const WHOLE = ['etc/kernel/cmdline', 'usr/lib/kernel/cmdline', 'boot/firmware/cmdline.txt', 'boot/cmdline.txt'];

/** The loader that a root boots with: the first that has something to boot. */
export const loaderOf = (tree: Tree): Loader | undefined =>
  grubLoader(tree) ?? entriesLoader(tree) ?? extlinuxLoader(tree);

/** The kernel's command line for a kernel of the root. */
export function commandLineOf(
  tree: Tree,
  release: string | undefined,
  loader: Loader | undefined,
  config: Config | undefined,
): CommandLine {
  const booted = loader && {loader, entry: entryFor(tree, loader, release)};
  const source = grubDefaults(tree) ?? wholeFile(tree);
  const built = builtIn(config);
  if (booted?.entry) {
    const {words, place} = booted.entry;
    return {words: [...built, ...words], from: `${booted.loader.name}, ${place.path}:${place.line}`, source};
  }
  const from = source?.[0]?.place.path ?? (source ? 'etc/default/grub' : built[0]?.place.path);
  return {words: [...built, ...(source ?? [])], from, source: undefined};
}

/** Of the running kernel itself. */
export function runningCommandLine(tree: Tree): CommandLine | undefined {
  const path = 'proc/cmdline';
  const text = tree.text(path);
  return text === undefined
    ? undefined
    : {words: commandLineWords(text, {path, line: 1}), from: path, source: undefined};
}

/**
 * The release of the kernel that an entry boots: by its file's name, or by where a link of the root leads (Debian's
 * /vmlinuz).
 */
export function releaseOfEntry(tree: Tree, {image, names}: Entry, kernels: readonly string[]): string | undefined {
  const path = image.replace(/^\([^)]*\)/, '').replace(/^[^/]*\//, '');
  const real = tree.real(path) ?? tree.real(`boot/${path}`);
  const named = [path, real ?? ''].map((one) => releaseOfImage(one)).find((one) => one !== undefined);
  return named ?? kernels.find((kernel) => image.includes(kernel) || names.some((name) => name.includes(kernel)));
}

/** The entry that boots by itself. */
export function defaultEntry({entries, chosen}: Loader): Entry | undefined {
  const named = (name: string): Entry | undefined => entries.find(({names}) => names.includes(name));
  // "MENU>ENTRY", by ids or titles, as well as by numbers.
  return (chosen === undefined ? undefined : (named(chosen) ?? named(chosen.split('>').at(-1) ?? ''))) ?? entries[0];
}

function entryFor(tree: Tree, loader: Loader, release: string | undefined): Entry | undefined {
  const first = defaultEntry(loader);
  if (release === undefined) return first;
  const boots = (entry: Entry): boolean => releaseOfEntry(tree, entry, [release]) === release;
  return first && boots(first) ? first : loader.entries.find(boots);
}

function wholeFile(tree: Tree): Word[] | undefined {
  for (const path of WHOLE) {
    const text = tree.text(path);
    if (text !== undefined)
      return linesOf(text).flatMap(({line, text: one}) =>
        one.startsWith('#') ? [] : commandLineWords(one, {path, line}),
      );
  }
  return undefined;
}

/** A command line that the kernel was built with comes before what it is given. */
function builtIn(config: Config | undefined): Word[] {
  const option = config?.options.get('CMDLINE');
  if (!config || !option || option.value === '') return [];
  const place: Place = {path: config.path, line: option.line};
  return commandLineWords(option.value, place);
}
