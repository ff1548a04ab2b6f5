// Whatever a guest sends through its shell port: the frame holds, and without a whole frame there is no answer.
import assert from 'node:assert/strict';
import {Duplex} from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import {damaged} from '../util/fixtures/damage.ts';
import {Broken} from '../util/errors.ts';
import {PortShell} from './port.ts';

/** A guest that answers each request with the given bytes, made with the nonce. */
function answering(answer: (nonce: string) => readonly Uint8Array[]): PortShell {
  const port: Duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      for (const part of answer(/^[0-9a-f]+/.exec(chunk.toString())?.[0] ?? '')) port.push(part);
      done();
    },
  });
  return new PortShell(port);
}

const framed = (nonce: string, stdout: string, stderr: string, status: number): string =>
  `memhp-begin ${nonce}\n${stdout}\nmemhp-err ${nonce}\n${stderr}\nmemhp-end ${nonce} ${status}\n`;

function split(text: string, lengths: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const parts: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] ?? 1;
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}

const lengths = fc.array(fc.integer({min: 1, max: 50}), {minLength: 1, maxLength: 4});

test('any output, any errors and any status come apart as they were', async (t) => {
  const output = fc
    .oneof(fc.string(), fc.string({unit: 'binary'}), fc.constant('\nmemhp-end 0 0\n'), fc.constant('\nmemhp-err 0\n'))
    .map((text) => Buffer.from(text).toString()); // a lone surrogate is no UTF-8
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(output, output, fc.nat(255), lengths, async (stdout, stderr, status, pieces) => {
        assert.deepEqual(
          await answering((nonce) => split(framed(nonce, stdout, stderr, status), pieces)).run('x', 1000),
          {status, stdout, stderr},
        );
      }),
      {numRuns: 150},
    ),
  );
});

test('a damaged frame is no answer, or its damage is in the output alone', async (t) => {
  const frame = framed('NONCE', 'MemTotal: 1 kB\n', 'sorry\n', 0);
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(damaged(fc.constant(frame)), async (wrong) => {
        let sent = '';
        let nonce = '';
        const shell = answering((own) => {
          nonce = own;
          sent = Buffer.from(wrong.replaceAll('NONCE', own)).toString();
          return [Buffer.from(sent)];
        });
        const result = await shell.run('x', 15).catch((error: unknown) => error);
        if (result instanceof Error) {
          assert.ok(result instanceof Broken, String(result));
          return;
        }
        const {status, stdout, stderr} = result as {status: number; stdout: string; stderr: string};
        const again = framed(nonce, stdout, stderr, status);
        assert.ok(
          sent.replace(/0+(?=\d\n$)/, '').endsWith(again.replace(/0+(?=\d\n$)/, '')),
          'what was understood, framed again, is what was sent',
        );
      }),
      {numRuns: 200},
    ),
  );
});

test('marks that share a line break are no frame: output was lost', async (t) => {
  const shell = answering((nonce) => [
    Buffer.from(`lost\nmemhp-begin ${nonce}\nmemhp-err ${nonce}\nsorry\n\nmemhp-end ${nonce} 0\n`),
  ]);
  await t.throwsAsync(shell.run('x', 1000), {instanceOf: Broken, message: /without its frame: output was lost/});
});

test('an answer in 200,000 single bytes is put together in no time', async (t) => {
  const text = 'x'.repeat(200_000);
  const started = performance.now();
  t.is((await answering((nonce) => split(framed(nonce, text, '', 0), [1])).run('x', 60_000)).stdout, text);
  t.true(performance.now() - started < 20_000);
});
