// Whatever a guest prints on its console: bounded in memory, time and on the disk, and a panic is seen through all of
// it.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {PassThrough} from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import {SerialConsole} from './console.ts';

const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

async function said(...chunks: (string | Uint8Array)[]): Promise<SerialConsole> {
  const stream = new PassThrough({highWaterMark: 2 ** 28});
  const serial = new SerialConsole(stream);
  for (const chunk of chunks) stream.write(chunk);
  await settle();
  return serial;
}

test('a panic is seen after anything that ends its line, in any pieces', async (t) => {
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(
        fc.uint8Array({maxLength: 200}),
        fc.uint8Array({maxLength: 200}),
        fc.array(fc.integer({min: 1, max: 30}), {minLength: 1}),
        async (before, after, lengths) => {
          const bytes = Buffer.concat([before, Buffer.from('\n[    1.0] Kernel panic - not syncing: why\n'), after]);
          const pieces: Buffer[] = [];
          for (let at = 0, i = 0; at < bytes.length; i += 1) {
            pieces.push(bytes.subarray(at, at + (lengths[i % lengths.length] ?? 1)));
            at += lengths[i % lengths.length] ?? 1;
          }
          assert.equal(
            (await said(...pieces)).panicked?.message,
            "the guest's kernel panicked: [    1.0] Kernel panic - not syncing: why",
          );
        },
      ),
      {numRuns: 100},
    ),
  );
});

test('the tail is whole characters and nothing that a terminal obeys', async (t) => {
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(fc.string({unit: 'binary'}), fc.nat(20), async (text, at) => {
        const bytes = Buffer.from(`${text}é…😀`);
        const serial = await said(bytes.subarray(0, at), bytes.subarray(at));
        // eslint-disable-next-line no-control-regex -- they are what must not be left
        assert.doesNotMatch(serial.tail(), /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
      }),
      {numRuns: 100},
    ),
  );
  t.is(await said(Buffer.from('größer')).then((serial) => serial.tail()), 'größer');
});

test('10 MB without the end of a line, in small pieces, take no time to speak of', async (t) => {
  const started = performance.now();
  const piece = Buffer.alloc(100, 'x');
  const serial = await said(...Array.from({length: 100_000}, () => piece), '\nKernel panic - not syncing: at last\n');
  t.regex(serial.panicked?.message ?? '', /at last/);
  t.true(serial.tail(1000).length <= 300_000);
  t.true(performance.now() - started < 20_000);
});

test("a guest that floods its console doesn't fill the disk", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => {
    rmSync(dir, {recursive: true});
  });
  const stream = new PassThrough({highWaterMark: 2 ** 28});
  new SerialConsole(stream, join(dir, 'console.log'));
  for (let i = 0; i < 70; i += 1) stream.write(Buffer.alloc(2 ** 20, 'x'));
  await settle();
  t.true(statSync(join(dir, 'console.log')).size <= 66 * 2 ** 20);
});
