import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {PassThrough} from 'node:stream';
import test from 'ava';
import {DeadlineError} from '../util/errors.ts';
import {GuestPanic, SerialConsole} from './console.ts';

const PANIC = '[   12.345678] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009\r\n';
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

for (let at = 1; at < PANIC.length; at += 7) {
  test(`a panic that is split after ${at} characters is seen whole`, async (t) => {
    const stream = new PassThrough();
    const serial = new SerialConsole(stream);
    const panic = t.throwsAsync(serial.panic, {instanceOf: GuestPanic});
    stream.write(PANIC.slice(0, at));
    await settle();
    t.is(serial.panicked, undefined, 'the reason may still be on its way');
    stream.write(PANIC.slice(at));
    t.is(
      (await panic).message,
      "the guest's kernel panicked: [   12.345678] Kernel panic - not syncing: Attempted to kill init! " +
        'exitcode=0x00000009',
    );
  });
}

test('the first panic is the one that counts', async (t) => {
  const stream = new PassThrough();
  const serial = new SerialConsole(stream);
  stream.write(`Kernel panic - not syncing: first\n`);
  stream.write(`Kernel panic - not syncing: second\n`);
  await settle();
  t.is(serial.panicked?.message, "the guest's kernel panicked: Kernel panic - not syncing: first");
});

test('words about a panic are no panic', async (t) => {
  const stream = new PassThrough();
  const serial = new SerialConsole(stream);
  stream.write('Command line: root=/dev/vda panic=-1\nkernel panic timeout set\n');
  await settle();
  t.is(serial.panicked, undefined);
});

test('the tail is clean: no colours, no bells, no carriage returns', async (t) => {
  const stream = new PassThrough();
  const serial = new SerialConsole(stream);
  stream.write('one\r\n\u001B[1;31mtwo\u001B[0m\r\n\u001B]0;title\u0007three\u0007\r\n');
  await settle();
  t.is(serial.tail(2), 'two\nthree');
});

test('the file keeps every byte as it came', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => {
    rmSync(dir, {recursive: true});
  });
  const stream = new PassThrough();
  new SerialConsole(stream, join(dir, 'console.log'));
  const bytes = Buffer.from([0, 27, 91, 255, 10]);
  stream.write(bytes);
  await settle();
  t.deepEqual(readFileSync(join(dir, 'console.log')), bytes);
});

test('waiting ends with the pattern, also where it is split or was there before', async (t) => {
  const stream = new PassThrough();
  const serial = new SerialConsole(stream);
  const seen = serial.waitFor(/login: $/, 'the login prompt', 1000);
  stream.write('debian log');
  stream.write('in: ');
  await t.notThrowsAsync(seen);
  await t.notThrowsAsync(serial.waitFor(/login: $/, 'the login prompt', 1000));
});

test('waiting for what never comes is named; a panic ends it early', async (t) => {
  const stream = new PassThrough();
  const serial = new SerialConsole(stream);
  await t.throwsAsync(serial.waitFor(/login/, 'the login prompt', 20), {
    instanceOf: DeadlineError,
    message: 'the login prompt: not within 0.0 s',
  });
  const waiting = serial.waitFor(/login/, 'the login prompt', 60_000);
  stream.write(PANIC);
  await t.throwsAsync(waiting, {instanceOf: GuestPanic});
});

test.serial(
  'whoever stops waiting leaves no timer, which would keep the process alive until the deadline',
  async (t) => {
    const timers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
    const before = timers();
    const serial = new SerialConsole(new PassThrough());
    const abort = new AbortController();
    const ended = serial.waitFor(/login/, 'the login prompt', 3_600_000, {
      gone: Promise.reject(new Error('QEMU is gone')),
    });
    const aborted = serial.waitFor(/login/, 'the login prompt', 3_600_000, {signal: abort.signal});
    t.is(timers(), before + 2);
    abort.abort(new Error('interrupted'));
    await t.throwsAsync(ended, {message: 'QEMU is gone'});
    await t.throwsAsync(aborted, {message: 'interrupted'});
    t.is(timers(), before);
  },
);
