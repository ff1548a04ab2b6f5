import test from 'ava';
import fc from 'fast-check';
import {strange} from '../../lib/udev/fixtures/strange.ts';
import {checkAnswer} from './check.ts';
import {fuzzed} from './generate.ts';
import {kept} from './kept.ts';

test('any bytes get an answer in time, with findings that are somewhere', (t) => {
  const {seed, runs} = kept;
  for (const one of seed)
    fc.assert(
      fc.property(fuzzed, (text) => checkAnswer(text) >= 0),
      {seed: one, numRuns: runs},
    );
  t.pass();
});

for (const [why, text] of Object.entries(kept.failures)) {
  test(`has failed once: ${why}`, (t) => {
    t.notThrows(() => checkAnswer(text));
  });
}

test('strange rules get an answer', (t) => {
  for (const [name, text] of Object.entries(strange)) t.notThrows(() => checkAnswer(text), name);
});
