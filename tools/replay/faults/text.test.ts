import test from 'ava';
import * as faults from './text.ts';

const TABLE: [keyof typeof faults, string, string[]][] = [
  ['numberOff', 'a 9\nb2 10 kB\n', ['a 10\nb2 10 kB\n', 'a 9\nb2 11 kB\n']],
  ['numberZero', '0 7', ['0 0']],
  ['numberDouble', '0 7', ['0 14']],
  ['lineMissing', 'a\n\nb\n', ['\nb\n', 'a\n\n']],
  ['lineTwice', 'a\nb\n', ['a\na\nb\n', 'a\nb\nb\n']],
  [
    'otherWord',
    'state:online\nonline_movable\nMovable Normal\n',
    ['state:offline\nonline_movable\nMovable Normal\n', 'state:online\nonline_movable\nNormal Normal\n'],
  ],
  ['otherCharacter', 'abc\n9\n', ['bbc\n9\n', 'abc\n8\n']],
  ['refusalGone', 'x: write error: Invalid argument\n@\n', ['none\n@\n']],
  ['refusalMadeUp', 'none\n@\n', ['sh: line 1: echo: write error: Device or resource busy\n@\n']],
  ['otherError', 'echo: write error: Device or resource busy\n', ['echo: write error: Invalid argument\n']],
];

for (const [name, text, wrong] of TABLE) {
  test(`${name} of ${JSON.stringify(text)}`, (t) => {
    t.deepEqual(
      [...faults[name](text)].map((one) => one.text),
      wrong,
    );
  });
}

test('an empty text has nothing that could be wrong', (t) => {
  for (const fault of Object.values(faults)) t.deepEqual([...fault('')], []);
});

test('a long text is wrong in so many places only', (t) => {
  t.true([...faults.numberOff('1 '.repeat(1000))].length < 100);
});
