import type {Kept} from './memory.ts';

const BLOCK = 512;

/** The files and links of a tar archive (ustar, GNU), by their paths. Throws where it is none, or is cut off. */
export function filesOfTar(archive: Uint8Array): Map<string, Kept> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const files = new Map<string, Kept>();
  let longName: string | undefined;
  let longTarget: string | undefined;
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    if (header.toString('latin1', 257, 262) !== 'ustar') throw new Error(`no tar header at byte ${at}`);
    const size = Number.parseInt(text(header, 124, 12), 8);
    const contents = bytes.subarray(at + BLOCK, at + BLOCK + size);
    if (!Number.isSafeInteger(size) || contents.length < size) throw new Error(`the archive is cut off at byte ${at}`);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    // GNU: the name, or the link's target, of the next one where it has more than 100 bytes.
    if (type === 'L') longName = text(contents, 0, size);
    else if (type === 'K') longTarget = text(contents, 0, size);
    else {
      const prefix = header.toString('latin1', 257, 265) === 'ustar\0'.padEnd(8, '0') ? text(header, 345, 155) : '';
      const path = (longName ?? [prefix, text(header, 0, 100)].filter((part) => part !== '').join('/'))
        .replace(/^(\.?\/)+/, '')
        .replace(/\/$/, '');
      if (type === '0' || type === '\0')
        files.set(path, {bytes: contents, executable: (Number.parseInt(text(header, 100, 8), 8) & 0o111) !== 0});
      if (type === '2') files.set(path, {target: longTarget ?? text(header, 157, 100)});
      if (type === '1') files.set(path, files.get(longTarget ?? text(header, 157, 100)) ?? {bytes: new Uint8Array()});
      [longName, longTarget] = [undefined, undefined];
    }
  }
  throw new Error('the archive has no end');
}

const text = (bytes: Buffer, at: number, length: number): string =>
  bytes
    .toString('utf8', at, at + length)
    .replace(/\0.*$/s, '')
    .trim();
