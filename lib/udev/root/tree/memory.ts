import {baseOf, dirOf, type Node, type Nodes} from './nodes.ts';

/** A file or a link that is kept in memory. */
export type Kept = {readonly bytes: Uint8Array; readonly executable?: boolean} | {readonly target: string};

/** A tree of files that are kept in memory, by their paths; a directory is where a file is below it. */
export function memoryNodes(files: ReadonlyMap<string, Kept>): Nodes {
  const dirs = dirsOf(files.keys());
  return {
    at: (path) => {
      const kept = files.get(path);
      return kept ? nodeOf(kept) : dirs.has(path) ? {kind: 'dir'} : undefined;
    },
    names: (path) => [...(dirs.get(path) ?? [])],
    bytes: (path) => {
      const kept = files.get(path);
      return kept && 'bytes' in kept ? kept.bytes : new Uint8Array();
    },
  };
}

/** A tree with other files laid over its own. Their directories are no links of the tree below. */
export function laidOver(below: Nodes, files: ReadonlyMap<string, Kept>): Nodes {
  const over = memoryNodes(files);
  return {
    at: (path) => {
      const own = over.at(path);
      return own === undefined || (own.kind === 'dir' && !files.has(path)) ? (below.at(path) ?? own) : own;
    },
    names: (path) => [...new Set([...(below.at(path)?.kind === 'dir' ? below.names(path) : []), ...over.names(path)])],
    bytes: (path, limit) => (files.has(path) ? over.bytes(path, limit) : below.bytes(path, limit)),
  };
}

const nodeOf = (kept: Kept): Node =>
  'target' in kept
    ? {kind: 'link', target: kept.target}
    : {kind: 'file', size: kept.bytes.length, executable: kept.executable ?? false};

/** The names in each directory that the paths need. */
function dirsOf(paths: Iterable<string>): Map<string, Set<string>> {
  const dirs = new Map<string, Set<string>>([['', new Set()]]);
  for (const path of paths) {
    for (let at = path; at !== ''; at = dirOf(at)) {
      const dir = dirOf(at);
      dirs.set(dir, (dirs.get(dir) ?? new Set()).add(baseOf(at)));
    }
  }
  return dirs;
}
