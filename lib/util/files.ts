import {randomBytes} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {mkdir, open, readdir, readFile, rename, rm, stat, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {Broken, messageOf} from './errors.ts';
import {MiB} from './size.ts';

/**
 * Makes a directory and those above it; others may be making the same ones. Step by step: where a file system takes no
 * directories (/proc), mkdir's own `recursive` of Node 20 tries for ever.
 */
export async function makeDirectory(path: string): Promise<void> {
  const parent = dirname(path);
  if ((await madeIn(path)) || parent === path) return;
  await makeDirectory(parent);
  // The parent was there a moment ago: without it now somebody is removing directories, and that is told.
  if (!(await madeIn(path))) await mkdir(path);
}

/** Is the directory there now? False where the one above it isn't. */
async function madeIn(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return true;
    if (code === 'ENOENT') return false;
    throw error;
  }
}

/** Any error but absence is told, as Broken: a cache that can't be read must not look empty. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw new Broken(`${path}: ${messageOf(error)}`, {cause: error});
  }
}

/**
 * Writes a file whole or not at all: a reader never sees a part, and a kill leaves the old one. Throws Broken where the
 * file system refuses.
 */
export async function writeWhole(
  path: string,
  data: string | Uint8Array | Iterable<string | Uint8Array>,
  mode = 0o644,
): Promise<void> {
  const part = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    await makeDirectory(dirname(path));
    const file = await open(part, 'wx', mode);
    try {
      await writeFile(file, data);
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, {force: true}).catch(() => undefined); // the first error is the one to tell
    if (error instanceof Error && 'syscall' in error)
      throw new Broken(`${path}: can't be written: ${error.message}`, {cause: error});
    throw error;
  }
}

/** Removes what killed writers left of files that they were writing below a directory. */
export async function removeParts(dir: string): Promise<void> {
  for (const name of await readdir(dir, {recursive: true})) {
    if (/\.[0-9a-f]{8}\.part$/.test(name)) await rm(join(dir, name), {force: true});
  }
}

/** The file's text, or undefined where there is none. Other errors are thrown. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Names in a directory; none where it isn't there. */
export async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A file's bytes, at most `limit`: it may be one that never ends. Throws RangeError where there is more. */
export async function readAtMost(path: string, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new RangeError(`more than ${limit} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** How often a text occurs in a file, whatever else is in it; overlapping occurrences count once. */
export async function countIn(path: string, text: string): Promise<number> {
  const wanted = Buffer.from(text);
  if (wanted.length === 0) throw new RangeError('an empty text occurs everywhere');
  let count = 0;
  let rest: Uint8Array = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, {highWaterMark: MiB}) as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, from)) {
      count += 1;
      from = at + wanted.length;
    }
    rest = bytes.subarray(Math.max(from, bytes.length - wanted.length + 1));
  }
  return count;
}
