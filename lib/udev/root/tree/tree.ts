import {MiB} from '../../../util/size.ts';
import {messageOf} from '../../../util/errors.ts';
import {baseOf, dirOf, joined, type Node, type Nodes} from './nodes.ts';

/** A configuration file is no larger than this. */
const LARGEST = 4 * MiB;
/** A directory of configuration has no more files than this. */
const MOST = 20_000;
/** As many links as the kernel follows. */
const HOPS = 40;

/** A file of a root as it was found. */
export type Found =
  | {readonly kind: 'file'; readonly path: string; readonly bytes: Uint8Array; readonly executable: boolean}
  /** A link to /dev/null, or an empty file: how what others ship is switched off. */
  | {readonly kind: 'mask'}
  | {readonly kind: 'unread'; readonly why: string};

/** Something in a root that should have been read, and could not be. */
export interface Unread {
  readonly path: string;
  readonly why: string;
}

type Resolved = {readonly path: string; readonly node: Node} | {readonly why: string} | undefined;

/**
 * A root directory, which is data that nobody has to trust: links are followed as they would be by a process whose root
 * it is, so that none leads out of it; sizes are bounded; nothing of it is run.
 */
export class Tree {
  readonly #nodes: Nodes;
  readonly #unread = new Map<string, string>();

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  /** What was asked for, is there, and could not be read. */
  get unread(): readonly Unread[] {
    return [...this.#unread].map(([path, why]) => ({path, why}));
  }

  get nodes(): Nodes {
    return this.#nodes;
  }

  /** The path of a file or directory with all links followed; nothing where it is not there. */
  real(path: string): string | undefined {
    const at = this.#resolve(path);
    return at && 'path' in at ? at.path : undefined;
  }

  isDirectory(path: string): boolean {
    const at = this.#resolve(path);
    return at !== undefined && 'node' in at && at.node.kind === 'dir';
  }

  has(path: string): boolean {
    return this.#resolve(path) !== undefined;
  }

  /** Where a link leads by its own text; nothing where it is no link. */
  linkOf(path: string): string | undefined {
    const dir = this.#resolve(dirOf(path));
    const node = dir && 'path' in dir ? this.#nodes.at(joined(dir.path, baseOf(path))) : undefined;
    return node?.kind === 'link' ? node.target : undefined;
  }

  /** The names in a directory, sorted by their bytes; none where there is no such directory. */
  names(dir: string): readonly string[] {
    const at = this.#resolve(dir);
    if (at === undefined) return [];
    try {
      if ('why' in at) throw new Error(at.why);
      if (at.node.kind === 'closed') throw new Error(at.node.why);
      if (at.node.kind !== 'dir') return [];
      const names = this.#nodes.names(at.path);
      if (names.length > MOST)
        throw new Error(`a directory of ${names.length} files: no more than ${MOST} are looked at`);
      return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    } catch (error) {
      this.#unread.set(dir, messageOf(error));
      return [];
    }
  }

  /** A file; nothing where it is not there. A link that leads nowhere is there, and unread. */
  file(path: string, limit = LARGEST): Found | undefined {
    const at = this.#resolve(path);
    if (at === undefined) {
      const target = this.linkOf(path);
      return target === undefined ? undefined : {kind: 'unread', why: `a link to ${target}, which is not in this root`};
    }
    if ('why' in at) return {kind: 'unread', why: at.why};
    if (at.path === 'dev/null') return {kind: 'mask'};
    const {node} = at;
    if (node.kind === 'closed') return {kind: 'unread', why: node.why};
    if (node.kind === 'dir') return {kind: 'unread', why: 'a directory where a file is expected'};
    if (node.kind !== 'file') return {kind: 'unread', why: 'no regular file: it is not read'};
    if (node.size > limit) return {kind: 'unread', why: `${node.size} bytes: larger than ${limit}, it is not read`};
    try {
      const bytes = this.#nodes.bytes(at.path, limit);
      return bytes.length === 0 ? {kind: 'mask'} : {kind: 'file', path: at.path, bytes, executable: node.executable};
    } catch (error) {
      return {kind: 'unread', why: messageOf(error)};
    }
  }

  /** A file's text; nothing where it is not there, is empty, or can't be read, which is kept in `unread`. */
  text(path: string, limit?: number): string | undefined {
    const found = this.file(path, limit);
    const binary = found?.kind === 'file' && found.bytes.includes(0);
    if (found?.kind === 'unread') this.#unread.set(path, found.why);
    if (binary) this.#unread.set(path, 'binary, where text is expected: it is not read');
    return found?.kind === 'file' && !binary ? Buffer.from(found.bytes).toString() : undefined;
  }

  /** Follows links as if this were the root of the system: absolute ones begin here, and `..` ends here. */
  #resolve(path: string): Resolved {
    const rest = parts(path);
    const at: string[] = [];
    let hops = 0;
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === '..') {
        at.pop();
        continue;
      }
      const here = [...at, name].join('/');
      if (here === 'dev' && rest.length === 1 && rest[0] === 'null') return {path: 'dev/null', node: {kind: 'other'}};
      const node = this.#nodes.at(here);
      if (!node) return undefined;
      if (node.kind === 'link') {
        hops += 1;
        if (hops > HOPS) return {why: `more than ${HOPS} links`};
        if (node.target.startsWith('/')) at.length = 0;
        rest.unshift(...parts(node.target));
      } else if (rest.length > 0 && node.kind !== 'dir') {
        return node.kind === 'closed' ? {why: node.why} : undefined;
      } else at.push(name);
    }
    const end = at.join('/');
    const node = end === '' ? ({kind: 'dir'} as const) : this.#nodes.at(end);
    return node && {path: end, node};
  }
}

const parts = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');
