import test from 'ava';
import {Broken} from '../util/errors.ts';
import {abortOnSignals} from './run.ts';

test('an interruption is said in words, wherever it is thrown: it is no error of memhp', (t) => {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const before = new Map(signals.map((name) => [name, process.listeners(name)]));
  const signal = abortOnSignals();
  t.teardown(() => {
    for (const name of signals)
      for (const one of process.listeners(name))
        if (before.get(name)?.includes(one) !== true) process.removeListener(name, one);
  });
  process.listeners('SIGINT').at(-1)?.('SIGINT');
  t.true(signal.aborted);
  t.throws(
    () => {
      signal.throwIfAborted();
    },
    {instanceOf: Broken, message: 'interrupted by SIGINT'},
  );
});
