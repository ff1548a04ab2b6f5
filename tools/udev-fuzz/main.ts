// `npm run fuzz-udev -- [--seconds N] [--seed N]`: bytes of every kind as rules files, until the time is up or an
// answer is wrong or late.
import {parseArgs} from 'node:util';
import fc from 'fast-check';
import {checkAnswer} from './check.ts';
import {fuzzed} from './generate.ts';

const {values} = parseArgs({options: {seconds: {type: 'string', default: '180'}, seed: {type: 'string'}}});
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const end = performance.now() + seconds * 1000;
let files = 0;
let bytes = 0;
let slowest = 0;

process.stdout.write(`seed ${seed}, ${seconds} s\n`);
const result = fc.check(
  fc.property(fuzzed, (text) => {
    slowest = Math.max(slowest, checkAnswer(text));
    files += 1;
    bytes += text.length;
  }),
  {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: Math.max(1, end - performance.now()),
    markInterruptAsFailure: false,
  },
);
process.stdout.write(`${files} files, ${bytes} bytes; the slowest answer took ${Math.round(slowest)} ms\n`);
if (result.failed) {
  const {counterexample, errorInstance, counterexamplePath} = result;
  process.stdout.write(
    `${String(errorInstance)}\nseed ${seed}, path ${counterexamplePath ?? ''}: add it to ` +
      `tools/udev-fuzz/kept.ts\n${JSON.stringify(counterexample?.[0]).slice(0, 2000)}\n`,
  );
  process.exitCode = 1;
}
