import {writeWhole} from '../util/files.ts';

const BATCH = 256 * 1024;

/** Writes a file whole or not at all, from pieces: a page of ten thousand cases is never in memory at once. */
export const writePieces = (path: string, pieces: Iterable<string>): Promise<void> => writeWhole(path, batches(pieces));

/**
 * Few large writes instead of one for each piece, all from one buffer: the writer has written what it got before it asks
 * for more. A piece is bytes at once, so that the many strings that it was made of never grow old.
 */
function* batches(pieces: Iterable<string>): Generator<Buffer, void, undefined> {
  const buffer = Buffer.allocUnsafe(BATCH);
  let size = 0;
  for (const piece of pieces) {
    const length = Buffer.byteLength(piece);
    if (size + length > BATCH) {
      yield buffer.subarray(0, size);
      size = 0;
    }
    if (length > BATCH) yield Buffer.from(piece);
    else size += buffer.write(piece, size);
  }
  yield buffer.subarray(0, size);
}
