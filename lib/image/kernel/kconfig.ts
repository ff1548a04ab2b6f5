import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';

/** One place at which a Kconfig file defines an option. */
export interface Definition {
  readonly name: string;
  /** `drivers/acpi/Kconfig:374`. */
  readonly place: string;
  /** Conditions, each of which must hold; those of menus and ifs around it in the same file are among them. */
  readonly depends: readonly string[];
  /** What it sets where it is set itself, with the condition. */
  readonly selects: readonly {readonly name: string; readonly when: string | undefined}[];
  /** Can it be chosen, or is it only set by others and by its default? */
  readonly hasPrompt: boolean;
}

/** The definitions of every Kconfig file that concerns an architecture, which is named by its directory below arch/. */
export async function readKconfig(tree: string, arch: string): Promise<Definition[]> {
  const entries = await readdir(tree, {recursive: true, withFileTypes: true});
  const files = entries
    .filter((entry) => entry.isFile() && /^Kconfig(?:\.|$)/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
    .filter((file) => !/^(?:scripts\/kconfig\/tests|Documentation)\//.test(file))
    .filter((file) => !/^arch\/./.test(file) || file === 'arch/Kconfig' || file.startsWith(`arch/${arch}/`));
  const read = await Promise.all(
    files.sort().map(async (file) => definitionsIn(file, await readFile(join(tree, file), 'utf8'))),
  );
  return read.flat();
}

/** The definitions in the text of a Kconfig file. Source: Documentation/kbuild/kconfig-language.rst. */
export function definitionsIn(file: string, text: string): Definition[] {
  const found: (Definition & {depends: string[]; selects: {name: string; when: string | undefined}[]})[] = [];
  /** The conditions of the blocks around, those of the same block in one list. */
  const blocks: string[][] = [];
  let current: {depends: string[]} | undefined;
  let definition: (typeof found)[number] | undefined;
  let help: number | undefined;
  for (const [number, line] of logicalLines(text)) {
    const indent = line.search(/\S/);
    if (help !== undefined && (indent > help || indent < 0)) continue;
    help = undefined;
    const [, word = '', rest = ''] = /^\s*([a-z_-]+)\s*(.*)$/.exec(line.replace(/\s#.*$/, '')) ?? [];
    if (word === 'config' || word === 'menuconfig') {
      definition = {name: rest, place: `${file}:${number}`, depends: blocks.flat(), selects: [], hasPrompt: false};
      current = definition;
      found.push(definition);
    } else if (word === 'if' || word === 'menu' || word === 'choice') {
      const block = word === 'if' ? [rest] : [];
      blocks.push(block);
      [current, definition] = [{depends: block}, undefined];
    } else if (/^end(?:if|menu|choice)$/.test(word)) {
      blocks.pop();
      [current, definition] = [undefined, undefined];
    } else if (word === 'depends') current?.depends.push(rest.replace(/^on\s+/, ''));
    else if (word === 'select') {
      const [, name, when] = /^(\w+)(?:\s+if\s+(.*))?$/.exec(rest) ?? [];
      if (name !== undefined) definition?.selects.push({name, when});
    } else if (/^(?:bool|tristate|int|hex|string|prompt)$/.test(word)) {
      if (definition !== undefined && /^["']/.test(rest)) Object.assign(definition, {hasPrompt: true});
    } else if (word === 'help' || word === 'comment' || word === 'source') {
      help = word === 'help' ? indent : undefined;
      if (word === 'comment') [current, definition] = [{depends: []}, undefined];
    }
  }
  return found;
}

/** Lines with those that end in a backslash joined, and the number of the first. */
function* logicalLines(text: string): Generator<[number, string]> {
  let begun: [number, string] | undefined;
  for (const [i, line] of text.replaceAll('\t', '        ').split('\n').entries()) {
    const [number, before] = begun ?? [i + 1, ''];
    begun = line.endsWith('\\') ? [number, before + line.slice(0, -1)] : undefined;
    if (begun === undefined) yield [number, before + line];
  }
}
