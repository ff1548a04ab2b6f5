import {execFileSync} from 'node:child_process';
import test from 'ava';
import fc from 'fast-check';
import {clean, jsonLine, lastLines, shellQuote} from './text.ts';

test('escape sequences and control characters go, tabs and newlines stay', (t) => {
  t.is(
    clean('a\tb\n\u001B[31;1mred\u001B[0m\u0000\u0007 \u001B]8;;http://x\u001B\\link\u001B]8;;\u0007\r\nend\r'),
    'a\tb\nred link\nend',
  );
});

test('characters that turn the direction of text go', (t) => {
  t.is(clean('\u202Eevil\u2066 text\u200F'), 'evil text');
});

test('what is too long is cut, and says so', (t) => {
  t.is(clean('x'.repeat(12), 10), `${'x'.repeat(10)}\n[cut: 2 characters more]`);
});

test('cleaning leaves nothing that a terminal obeys, and cleans once and for all', (t) => {
  fc.assert(
    fc.property(fc.string({unit: 'binary'}), (text) => {
      const cleaned = clean(text);
      // eslint-disable-next-line no-control-regex -- they are what must not be left
      t.notRegex(cleaned, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
      t.is(clean(cleaned), cleaned);
    }),
  );
});

test('a quoted word reaches a command as it was', (t) => {
  const words = fc
    .sample(
      fc.string().filter((word) => !word.includes('\0')),
      50,
    )
    .concat("it's", '$(x)', '`x`', '\n', '', '\\');
  const script = words.map((word) => `printf '%s\\0' ${shellQuote(word)}`).join('\n');
  t.deepEqual(execFileSync('sh', ['-c', script]).toString().split('\0').slice(0, -1), words);
});

test('the last lines, without the empty end', (t) => {
  t.is(lastLines('a\nb\nc\n\n', 2), 'b\nc');
  t.is(lastLines('a', 5), 'a');
});

test('a line of JSON is read back as it was, and shows a terminal nothing that it obeys', (t) => {
  fc.assert(
    fc.property(fc.string({unit: 'binary'}), (text) => {
      const line = jsonLine({text});
      t.is((JSON.parse(line) as {text: string}).text, text);
      t.is(clean(line), line);
    }),
  );
});
