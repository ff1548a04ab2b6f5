/**
 * Guest output made safe to store and show: ANSI sequences and control characters other than tab and
 * newline are removed, and it is cut at `limit` characters with a note that says so.
 */
export function clean(text: string, limit = 1_000_000): string {
  const plain = text
    // eslint-disable-next-line no-control-regex -- control characters are exactly what is removed here
    .replaceAll(/\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B\n]*(?:\u0007|\u001B\\)|[@-Z\\-_])/g, '')
    .replaceAll('\r\n', '\n')
    // eslint-disable-next-line no-control-regex -- as above
    .replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '');
  return plain.length > limit ? `${plain.slice(0, limit)}\n[cut: ${plain.length - limit} characters more]` : plain;
}

/** Quotes one word for a POSIX shell. */
export const shellQuote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** The last `count` lines. */
export const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n');

/**
 * One line of JSON that a terminal can show: what `clean` would remove stands as \u escapes, so that nothing is lost.
 */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
