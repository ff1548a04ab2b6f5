import {writeWhole} from '../util/files.ts';

const BATCH = 256 * 1024;

/** Writes a file whole or not at all, from chunks: a page of ten thousand cases is never in memory at once. */
export const writeChunks = (path: string, chunks: Iterable<string>): Promise<void> => writeWhole(path, batches(chunks));

/**
 * Few large writes instead of one for each chunk, all from one buffer: the writer has written what it got before it
 * asks for more. A chunk is bytes at once, so that the many strings that it was made of never grow old.
 */
function* batches(chunks: Iterable<string>): Generator<Buffer, void, undefined> {
  const buffer = Buffer.allocUnsafe(BATCH);
  let size = 0;
  for (const chunk of chunks) {
    const length = Buffer.byteLength(chunk);
    if (size + length > BATCH) {
      yield buffer.subarray(0, size);
      size = 0;
    }
    if (length > BATCH) yield Buffer.from(chunk);
    else size += buffer.write(chunk, size);
  }
  yield buffer.subarray(0, size);
}
