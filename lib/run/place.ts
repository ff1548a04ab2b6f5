import {existsSync, readFileSync} from 'node:fs';
import {SourceMap} from 'node:module';
import {dirname, relative, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {root} from '../util/paths.ts';

/**
 * Where in a file an error was thrown, as its author knows the file: `suites/online.ts:12`. Without a line where the
 * stack has none of it.
 */
export function placeIn(error: unknown, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const [, path = '', line = '', column = ''] of stack.matchAll(
    /\(?((?:file:\/\/)?\/[^\s()]+):(\d+):(\d+)\)?$/gm,
  )) {
    const {source, line: row} = original(
      path.startsWith('file:') ? fileURLToPath(path) : path,
      Number(line),
      Number(column),
    );
    if (source === file || bare(source).endsWith(`/suites/${nameOf(file)}`)) return `${relative(root, source)}:${row}`;
  }
  return `suites/${nameOf(file)}.ts`;
}

const bare = (path: string): string => path.replace(/\.[jt]s$/, '');
const nameOf = (file: string): string => bare(file).split('/').at(-1) ?? '';

/** A place in a bundle, as the bundle's source map has it; another place as it is. */
function original(path: string, line: number, column: number): {source: string; line: number} {
  const map = `${path}.map`;
  if (!path.endsWith('.js') || !existsSync(map)) return {source: path, line};
  const entry = new SourceMap(
    JSON.parse(readFileSync(map, 'utf8')) as ConstructorParameters<typeof SourceMap>[0],
  ).findEntry(line - 1, column - 1);
  return 'originalSource' in entry
    ? {source: resolve(dirname(path), entry.originalSource), line: entry.originalLine + 1}
    : {source: path, line};
}
