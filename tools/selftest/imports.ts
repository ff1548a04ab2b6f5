import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';
import ts from 'typescript';
import {root} from '../../lib/util/paths.ts';
import {layers} from './layers.js';

/**
 * What each source imports of the others, types too: paths below the project's root. Tests and their fixtures ship
 * nothing: they come on request.
 */
export function importsOf(folders = ['lib', 'suites', 'tools'], tests = false): Map<string, string[]> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), {recursive: true, encoding: 'utf8'}).map((name) => join(folder, name)),
  );
  const sources = files.filter(
    (file) => /\.[jt]s$/.test(file) && (tests || !/\.test\.ts$|(^|\/)fixtures(\/|\.ts$)/.test(file)),
  );
  return new Map(
    sources.sort().map((file) => {
      const {importedFiles} = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
      return [
        file,
        importedFiles
          .map(({fileName}) => fileName)
          .filter((name) => name.startsWith('.'))
          .map((name) => normalize(join(dirname(file), name))),
      ];
    }),
  );
}

/** The layer that a file is of; undefined where it is of none. */
export const layerOf = (file: string): string | undefined =>
  Object.keys(layers).find((layer) => file.startsWith(`${layer}/`));

/** Circles of files that import one another, each once: its files in order. */
export function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const [found, done]: [string[][], Set<string>] = [[], new Set()];
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push(path.slice(at));
    if (at >= 0 || done.has(file)) return;
    for (const next of imports.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) walk(file, []);
  return found;
}
