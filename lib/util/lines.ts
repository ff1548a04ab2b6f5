import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';
import {StringDecoder} from 'node:string_decoder';

/**
 * Calls `line` for each line of a stream, without its end (`\n`, or `\r\n`): node:readline would also split at U+2028,
 * and keep a line that never ends. Calls `tooLong` once where a line has more than `limit` characters, and is deaf from
 * then on.
 */
export function onLines(stream: Readable, limit: number, line: (text: string) => void, tooLong: () => void): void {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  const listen = (chunk: Buffer): void => {
    const pieces = decoder.write(chunk).split('\n');
    for (const [i, piece] of pieces.entries()) {
      parts.push(piece);
      length += piece.length;
      if (length > limit) {
        stream.off('data', listen);
        stream.resume();
        tooLong();
        return;
      }
      if (i === pieces.length - 1) break;
      const text = parts.join('');
      parts = [];
      length = 0;
      line(text.endsWith('\r') ? text.slice(0, -1) : text);
    }
  };
  stream.on('data', listen);
}

/**
 * Reads lines from now on, and keeps them until somebody listens: what is returned hands over those that came before, and then each as it
 * comes.
 */
export function keptLines(input: Readable): (listen: (line: string) => void) => void {
  const before: string[] = [];
  let listener = (line: string): void => void before.push(line);
  createInterface({input, crlfDelay: Infinity}).on('line', (line) => {
    listener(line);
  });
  return (listen) => {
    for (const line of before.splice(0)) listen(line);
    listener = listen;
  };
}
