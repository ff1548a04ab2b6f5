import {randomBytes} from 'node:crypto';
import {mkdir, open, rename, rm, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';

const BATCH = 256 * 1024;

/** Writes a file whole or not at all, from pieces: a page of ten thousand cases is never in memory at once. */
export async function writePieces(path: string, pieces: Iterable<string>): Promise<void> {
  await mkdir(dirname(path), {recursive: true});
  const part = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    const file = await open(part, 'wx');
    try {
      await writeFile(file, batches(pieces));
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, {force: true});
    throw error;
  }
}

/** Few large writes instead of one for each piece. */
function* batches(pieces: Iterable<string>): Generator<string, void, undefined> {
  let batch: string[] = [];
  let size = 0;
  for (const piece of pieces) {
    batch.push(piece);
    size += piece.length;
    if (size < BATCH) continue;
    yield batch.join('');
    batch = [];
    size = 0;
  }
  yield batch.join('');
}
