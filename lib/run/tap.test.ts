import test from 'ava';
import {TapReader} from './tap.ts';

function heard(text: string): [string, string | undefined][] {
  const all: [string, string | undefined][] = [];
  const reader = new TapReader({test: (...one) => all.push(one)});
  for (const line of text.split('\n')) reader.line(line);
  reader.end();
  return all;
}

test('tests are told with the words of those that failed', (t) => {
  t.deepEqual(
    heard(`TAP version 13
ok 1 - a.q35.tcg online/movable
not ok 2 - a.q35.tcg online/kernel
  ---
    name: Broken
    message: >-
      /run/records/a: can't be written: ENOSPC: no space left on
      device
    at: 'lib/x.ts:1:2'
  ...
not ok 3 - a.q35.tcg online/other
  ---
    name: TypeError
    message: 'x: y'
  ...
---tty-stream-chunk-separator
ok 4 - a.q35.tcg online/last # SKIP why
1..4
# tests 4`),
    [
      ['a.q35.tcg online/movable', undefined],
      ['a.q35.tcg online/kernel', "/run/records/a: can't be written: ENOSPC: no space left on device"],
      ['a.q35.tcg online/other', 'TypeError: x: y'],
      ['a.q35.tcg online/last', undefined],
    ],
  );
});

test('a stream that is cut off in the middle of a failure tells what there is of it', (t) => {
  t.deepEqual(heard('not ok 1 - a b\n  ---\n    message: "half'), [['a b', 'message: "half']]);
  t.deepEqual(heard('not ok 1 - a b'), [['a b', '']]);
});
