import {closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync} from 'node:fs';
import {join} from 'node:path';
import {messageOf} from '../../../util/errors.ts';
import type {Node, Nodes} from './nodes.ts';

const {O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY} = constants;

/** The files below a directory of this machine. */
export function diskNodes(root: string): Nodes {
  return {
    at: (path) => nodeAt(join(root, path)),
    names: (path) => readdirSync(join(root, path)),
    bytes: (path, limit) => bytesOf(join(root, path), limit),
  };
}

function nodeAt(path: string): Node | undefined {
  try {
    const stats = lstatSync(path, {throwIfNoEntry: false});
    if (!stats) return undefined;
    if (stats.isSymbolicLink()) return {kind: 'link', target: readlinkSync(path)};
    if (stats.isDirectory()) return {kind: 'dir'};
    return stats.isFile() ? {kind: 'file', size: stats.size, executable: (stats.mode & 0o111) !== 0} : {kind: 'other'};
  } catch (error) {
    // ENOTDIR: a part of the path is a file.
    return error instanceof Error && 'code' in error && error.code === 'ENOTDIR'
      ? undefined
      : {kind: 'closed', why: messageOf(error)};
  }
}

/** Files of /proc say that they have 0 bytes: so read until the end, and not more than the limit. */
function bytesOf(path: string, limit: number): Uint8Array {
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    if (!fstatSync(file).isFile()) throw new Error('no regular file: it is not read');
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      const chunk = Buffer.alloc(2 ** 16);
      const length = readSync(file, chunk);
      if (length === 0) return Buffer.concat(chunks);
      total += length;
      if (total > limit) throw new Error(`more than ${limit} bytes: it is not read`);
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}
