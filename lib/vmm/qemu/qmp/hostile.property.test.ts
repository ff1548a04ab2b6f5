// Whatever comes out of QEMU's monitor: a message is read whole however it is split, and nothing else is taken for one.
import assert from 'node:assert/strict';
import {duplexPair, type Duplex} from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import {z} from 'zod';
import {isPlugReport, ostOf} from '../acpi/ost.ts';
import {damaged} from '../../../util/fixtures/damage.ts';
import {Broken, DeadlineError} from '../../../util/errors.ts';
import {ask} from './ask.ts';
import {QmpClient, QmpError, type Transcript} from './client.ts';

const never = new Promise<never>(() => undefined);
const GREETING = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

/** A client and QEMU's end of its monitor, after the greeting. */
async function opened(transcript?: Transcript): Promise<{qmp: QmpClient; qemu: Duplex}> {
  const [host, qemu] = duplexPair();
  const opening = QmpClient.open(host, {ms: 5000, gone: never, transcript});
  qemu.write(GREETING);
  qemu.once('data', () => qemu.write('{"return": {}, "id": 1}\r\n'));
  return {qmp: await opening, qemu};
}

/** Writes bytes in pieces of the given lengths, over and over. */
function writeSplit(qemu: Duplex, bytes: Buffer, lengths: readonly number[]): void {
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] ?? 1;
    qemu.write(bytes.subarray(at, at + length));
    at += length;
  }
}

test('an answer comes back as it was sent, however it is split', async (t) => {
  const lengths = fc.array(fc.integer({min: 1, max: 40}), {minLength: 1, maxLength: 5});
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.string({unit: 'binary'}), lengths, async (value, name, split) => {
        const {qmp, qemu} = await opened();
        const answer = qmp.execute('anything');
        const event = {event: name, data: {value}, timestamp: {seconds: 1, microseconds: 2}};
        writeSplit(
          qemu,
          Buffer.from(`${JSON.stringify(event)}\r\n${JSON.stringify({return: value, id: 2})}\r\n`),
          split,
        );
        assert.deepEqual(await answer, JSON.parse(JSON.stringify(value)));
        assert.deepEqual(
          qmp.events.since(0).map((one) => one.event),
          [JSON.parse(JSON.stringify(name))],
        );
        qmp.close(new Broken('the test is over'));
      }),
      {numRuns: 60},
    ),
  );
});

test('damaged messages end in the answer, a refusal, silence until the deadline, or Broken', async (t) => {
  const message = fc.constantFrom(
    '{"return": {"size": 1073741824, "list": [1, 2]}, "id": 2}',
    '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP", "data": {"id": 2}}',
    '{"error": {"class": "GenericError", "desc": "no"}, "id": 2}',
  );
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(damaged(message), async (line) => {
        const {qmp, qemu} = await opened();
        const answer = qmp.execute('anything', {}, 15).catch((error: unknown) => error);
        qemu.write(`${line}\r\n`);
        const seen = await answer;
        if (seen instanceof Error) assert.ok(seen instanceof QmpError || seen instanceof Broken, String(seen));
        qmp.close(new Broken('the test is over'));
      }),
      {numRuns: 120},
    ),
  );
});

test('bytes that are no UTF-8, NULs and U+2028 are no end of a message', async (t) => {
  const {qmp, qemu} = await opened();
  const answers = [qmp.execute('a'), qmp.execute('b')];
  qemu.write(
    Buffer.concat([Buffer.from('{"return": "x'), Buffer.from([0xff, 0xe2, 0x80]), Buffer.from('y", "id": 2}\n')]),
  );
  qemu.write('{"return": "a\u2028b\u2029c\u0085d", "id": 3}\n');
  t.deepEqual(await Promise.all(answers), ['x\uFFFD\uFFFDy', 'a\u2028b\u2029c\u0085d']);
  const broken = t.throwsAsync(qmp.execute('c'), {instanceOf: Broken, message: /^QMP: not a QMP message: /});
  qemu.write('\0\n');
  await broken;
});

test('a line of 10 MB is a message like any other; one that never ends is none', async (t) => {
  const {qmp, qemu} = await opened();
  const big = 'x'.repeat(10 * 2 ** 20);
  const answer = qmp.execute('big');
  qemu.write(`{"return": "${big}", "id": 2}\n`);
  t.is(await answer, big);
  const endless = t.throwsAsync(qmp.execute('endless'), {
    instanceOf: Broken,
    message: /^QMP: a message of more than 67108864 characters/,
  });
  for (let i = 0; i < 66; i += 1) qemu.write(Buffer.alloc(2 ** 20, 'x'));
  await endless;
});

test(
  'an answer that is nested without end harms nobody, and neither does a transcript that ' + "can't be kept",
  async (t) => {
    const deep = `{"return": ${'['.repeat(100_000)}${']'.repeat(100_000)}, "id": 2}\n`;
    const {qmp, qemu} = await opened((direction, line) => {
      if (direction === 'in') JSON.stringify(JSON.parse(line)); // as lib/conformance/runner/evidence.ts does
    });
    const answer = t.throwsAsync(qmp.execute('deep'), {
      instanceOf: Broken,
      message: /^QMP: can't keep the transcript: /,
    });
    qemu.write(deep);
    await answer;
  },
);

test("an event that its reader can't read ends the wait for it", async (t) => {
  const {qmp, qemu} = await opened();
  const report = qmp.events.next(0, 'ACPI_DEVICE_OST', (event) => isPlugReport(ostOf(event)), 5000);
  const failed = t.throwsAsync(report, {instanceOf: Broken, message: /^ACPI_DEVICE_OST is not of the form/});
  qemu.write(
    '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "ACPI_DEVICE_OST", "data": {"info": {"status": "0"}}}\n',
  );
  t.false((await failed) instanceof DeadlineError);
});

test(
  "an answer of another form is Broken and says which; a number that can't be held is of " + 'another form',
  async (t) => {
    const {qmp, qemu} = await opened();
    const schema = z.object({size: z.int()});
    const bad = t.throwsAsync(ask(qmp, 'query-x', schema), {
      instanceOf: Broken,
      message: /^QEMU's answer to query-x is not of the form/,
    });
    qemu.write('{"return": {"size": 9007199254740993}, "id": 2}\n');
    await bad;
    const good = ask(qmp, 'query-x', schema);
    qemu.write('{"return": {"size": 7, "new": true}, "id": 3}\n');
    t.deepEqual(await good, {size: 7});
  },
);
