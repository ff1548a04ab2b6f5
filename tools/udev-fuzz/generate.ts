import fc from 'fast-check';
import {keys} from '../../lib/udev/rules/keys.ts';
import {strange} from '../../lib/udev/fixtures/strange.ts';

const key = fc.oneof(
  {weight: 9, arbitrary: fc.constantFrom(...Object.keys(keys))},
  {weight: 1, arbitrary: fc.string({maxLength: 5})},
);
const attr = fc.oneof(
  fc.constantFrom(
    'state',
    'online',
    'arch',
    'virt',
    '.state',
    '[memory/memory32]state',
    'program',
    'builtin',
    'auto_online_blocks',
    '',
  ),
  fc.string({maxLength: 6}),
);
const operator = fc.constantFrom('==', '!=', '=', '+=', '-=', ':=', '===', '=!');
const word = fc.constantFrom(
  'memory',
  'add',
  'offline',
  'online',
  'online_movable',
  '$env{.state}',
  '%k',
  '$attr{',
  '%',
  '?*',
  '*',
  '[a-',
  'a|b|',
  's390*',
  'none',
  'kvm',
  'memory[0-9]*',
  '/bin/uname -p',
  '/usr/bin/systemd-detect-virt',
  "/bin/sh -c 'echo online > /sys$devpath/state",
  '\\"',
  '\\',
  'end',
  '0660',
);
const value = fc.oneof(
  {weight: 4, arbitrary: word},
  {weight: 1, arbitrary: fc.array(word, {maxLength: 4}).map((words) => words.join(''))},
  {weight: 1, arbitrary: fc.string({maxLength: 12})},
);

const token = fc
  .tuple(
    key,
    fc.option(attr),
    operator,
    fc.constantFrom('', '', '', 'e', 'i', 'ei', 'q'),
    value,
    fc.constantFrom('"', '"', '"', '"', '', "'"),
  )
  .map(
    ([name, brace, op, prefix, text, quote]) =>
      `${name}${brace === null ? '' : `{${brace}}`}${op}${prefix}"${text}${quote}`,
  );

const between = fc.constantFrom(', ', ', ', ', ', ',', ' ', ' \\\n', ', \\\r\n', '\0', '');
const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(fc.tuple(token, between), {minLength: 1, maxLength: 7}).map((parts) => parts.flat().join('')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'GOTO="end"',
      'LABEL="end"',
      '# comment',
      '',
      '\\',
      '\t# \\',
      'SUBSYSTEM!="memory", GOTO="end"',
    ),
  },
);

/** Rules that udevd may or may not take: mostly well-formed, with faults of every kind. One character a byte. */
const rules = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '\0')), {maxLength: 12})
  .map((lines) => lines.flat().join(''));

/** Strange rules with some bytes changed, left out, or said many times. */
const mutated = fc
  .tuple(
    fc.constantFrom(...Object.values(strange)),
    fc.nat(),
    fc.nat(),
    fc.constantFrom('', '"', '\\', '\n', '{', '}', '\0', '$', '%', '|', '*', '\xff', '=', ','),
    fc.nat({max: 3}),
  )
  .map(([text, from, length, put, times]) => {
    const at = from % (text.length + 1);
    return (text.slice(0, at) + put.repeat(times) + text.slice(at + (length % 4))).slice(0, 40_000);
  });

/** Anything at all. */
const binary = fc.uint8Array({maxLength: 600}).map((bytes) => Buffer.from(bytes).toString('latin1'));

/** Much of one thing, up to a megabyte. */
const huge = fc
  .tuple(
    fc.constantFrom(
      '"',
      '\\',
      '{',
      'a',
      '\n',
      '\\\n',
      'TAG+="a", ',
      'GOTO="a"\n',
      'LABEL="a"\n',
      '\0',
      '*',
      'ENV{a}+="$env{a}"\n',
      'ATTR{state}="online"\n',
      'KERNEL=="*a*a*a*a*a*a*a*b"\n',
      '|',
      '#\n',
    ),
    fc.integer({min: 1, max: 1_000_000}),
  )
  .map(([one, size]) => one.repeat(Math.ceil(size / one.length)));

export const fuzzed: fc.Arbitrary<string> = fc.oneof(
  {weight: 10, arbitrary: rules},
  {weight: 6, arbitrary: mutated},
  {weight: 2, arbitrary: binary},
  {weight: 1, arbitrary: huge},
);
