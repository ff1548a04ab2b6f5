import {clean} from '../util/text.ts';

/** A record of /dev/kmsg: `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT`. Source: Documentation/ABI/testing/dev-kmsg. */
const RECORD = /^\d+,\d+,(\d+),[^;]*;(.*)$/;
/** What is no printable ASCII, and the backslash, byte for byte. */
const ESCAPED = /(?:\\x[0-9a-f]{2})+/g;

/** What stands where messages were overwritten before they were read (lib/guest/observer.ts). */
export const GAP = '@lost';
/** What stands in their place. */
export const LOST = 'memhp: messages of the kernel were lost: more came than it keeps';

/**
 * The kernel's messages, as dmesg prints them, from its records or from what dmesg has printed. Without control
 * characters; a message of several lines has its time before each.
 */
export function messagesOf(log: string): string[] {
  let inRecord = false;
  const lines = log.split('\n').flatMap((line) => {
    if (line === GAP) return [LOST];
    const [, time, text = ''] = RECORD.exec(line) ?? [];
    // below a record: of which device it tells
    if (time === undefined) return inRecord && line.startsWith(' ') ? [] : [line];
    inRecord = true;
    const digits = time.padStart(7, '0');
    const plain = text.replaceAll(ESCAPED, (bytes) =>
      Buffer.from(bytes.replaceAll(String.raw`\x`, ''), 'hex').toString('utf8'),
    );
    return clean(plain, Infinity)
      .split('\n')
      .map((one) => `[${digits.slice(0, -6).padStart(5)}.${digits.slice(-6)}] ${one}`);
  });
  return clean(lines.join('\n'), Infinity)
    .split('\n')
    .filter((line) => line !== '');
}
