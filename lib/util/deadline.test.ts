import test from 'ava';
import {within} from './deadline.ts';
import {DeadlineError} from './errors.ts';

const never = new Promise<never>(() => undefined);

test('what comes in time comes through, a failure too', async (t) => {
  t.is(await within(1000, 'it', Promise.resolve(1)), 1);
  await t.throwsAsync(within(1000, 'it', Promise.reject(new Error('its own'))), {message: 'its own'});
});

test('what does not come is named with its limit', async (t) => {
  await t.throwsAsync(within(30, 'the answer', never), {
    instanceOf: DeadlineError,
    message: 'the answer: not within 0.0 s',
  });
  await t.throwsAsync(within(1100, 'the answer', never), {
    instanceOf: DeadlineError,
    message: 'the answer: not within 1.1 s',
  });
});

test("a failure after the limit is nobody's unhandled rejection", async (t) => {
  let fail: (error: Error) => void = () => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  await t.throwsAsync(within(10, 'it', late), {instanceOf: DeadlineError});
  fail(new Error('too late'));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  t.pass(); // an unhandled rejection would fail the run
});

test('a signal ends the wait with its reason, also where it came before', async (t) => {
  const controller = new AbortController();
  const waiting = within(60_000, 'it', never, controller.signal);
  controller.abort(new Error('interrupted'));
  await t.throwsAsync(waiting, {message: 'interrupted'});
  await t.throwsAsync(within(60_000, 'it', never, controller.signal), {message: 'interrupted'});
  await t.throwsAsync(within(60_000, 'it', never, AbortSignal.abort('a word')), {
    instanceOf: DeadlineError,
    message: 'it: aborted',
  });
});
