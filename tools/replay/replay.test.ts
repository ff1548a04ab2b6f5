import {tmpdir} from 'node:os';
import test from 'ava';
import type {Case} from '../../lib/conformance/runner/case.ts';
import {UsageError} from '../../lib/util/errors.ts';
import {fixture, recording} from './fixtures.ts';
import {rowFor} from '../detect/cases.ts';
import {faults, Mutable} from './faults/mutants.ts';
import {readRecording} from './recording.ts';
import {detectedOf, tell} from '../detect/detect.ts';

const mutable = new Mutable(recording);
const under = (fault: string, at: string, about = '', lasting = false) => {
  const [mutant] = mutable.like({fault, at, about, lasting});
  if (mutant?.at !== at || mutant.about !== about) throw new Error(`${fault} can't be injected at ${at}`);
  return tell(fixture, mutant);
};
const execution = (body: Case['body']) => tell({...fixture, entry: {...fixture.entry, body}});

test('the unchanged record gives the verdict that the run gave', async (t) => {
  const {outcome, own, failed: detected, checks} = await tell(fixture);
  t.is(outcome, 'pass');
  t.deepEqual(
    [...own.keys()],
    ['what the guest reported (_OST)', "QEMU's events", 'after plug and unplug: everything is as before'],
  );
  t.deepEqual(detected, []);
  t.is(checks.at(-1)?.name, 'invariants after every step');
});

test('each answer has a label that is the same in each run', (t) => {
  t.deepEqual(
    mutable.entries.map(({label}) => label).filter((label) => !label.startsWith('query-')),
    [
      'observation #1',
      "work echo 'offline' >'/sys/devices/system/memory/auto_online_blocks' #1",
      'observation #2',
      'object-add {"qom-type":"memory-backend-ram","id":"mem-dimm0","size":268435456} #1',
      'device_add {"driver":"pc-dimm","id":"dimm0","memdev":"mem-dimm0"} #1',
      'event ACPI_DEVICE_OST #1',
      'observation #3',
      'device_del {"id":"dimm0"} #1',
      'event ACPI_DEVICE_OST #2',
      'event DEVICE_DELETED #1',
      'event ACPI_DEVICE_OST #3',
      'observation #4',
    ],
  );
});

test('a wrong answer detects the checks that see it', async (t) => {
  t.deepEqual((await under('event-twice', 'event DEVICE_DELETED #1')).failed, ["QEMU's events"]);
  t.deepEqual((await under('ost-other', 'event ACPI_DEVICE_OST #3', 'info.status 130')).failed, [
    'what the guest reported (_OST)',
  ]);
  t.deepEqual((await under('memtotal-page', 'observation #4', 'MemTotal')).failed, [
    'after plug and unplug: everything is as before',
  ]);
});

test("what only the invariants or a verb see is no check of the case's own", async (t) => {
  const seen = await under('block-online-file', 'observation #3', 'memory32');
  t.deepEqual({outcome: seen.outcome, detected: seen.failed}, {outcome: 'fail', detected: []});
  const refused = await under(
    'write-refused',
    "work echo 'offline' >'/sys/devices/system/memory/auto_online_blocks' #1",
  );
  t.deepEqual({outcome: refused.outcome, detected: refused.failed}, {outcome: 'fail', detected: []});
});

test('an event that never comes ends the case at once, without a verdict', async (t) => {
  const {outcome, reason} = await under('event-lost', 'event ACPI_DEVICE_OST #1');
  t.is(outcome, 'broken');
  t.regex(reason, /ACPI_DEVICE_OST for the plug of dimm0: it never comes in the record/);
});

test('a guest whose clock is set while a case runs has no verdict', async (t) => {
  const {outcome, reason} = await under('clock-set', 'observation #3');
  t.is(outcome, 'broken');
  t.regex(
    reason,
    /the guest's clock was set while the case ran: by \/proc\/stat it booted at 2026-11-21T02:48:13\.000Z, and now at 2026-11-21T02:48:14\.000Z/,
  );
});

test('a fault that stays is in all later answers', (t) => {
  const [mutant] = mutable.like({fault: 'memtotal-page', at: 'observation #2', about: 'MemTotal', lasting: true});
  t.is(mutant?.answers.size, 3);
});

test('a case that asks for something else has left the record', async (t) => {
  const {outcome, reason} = await execution(async ({guest}) => {
    await guest.setPolicy('online');
  });
  t.is(outcome, 'broken');
  t.regex(reason, /the replay has left the record: asked "echo 'online' .*", where the record has "echo 'offline'/);
});

test("each of the case's own checks is made to fail by something", async (t) => {
  const {detected, undetected} = await detectedOf(fixture);
  t.deepEqual(undetected, []);
  t.deepEqual(
    detected.map(({check, fault}) => `${fault}: ${check}`),
    [
      'ost-other: what the guest reported (_OST)',
      "event-lost: QEMU's events",
      'block-state: after plug and unplug: everything is as before',
    ],
  );
});

test('of a row the lines that hold are kept, and the others alone are looked for again', async (t) => {
  const whole = await rowFor(fixture, undefined);
  const [first, second, third] = whole.detected;
  if (!first || !second || !third) return void t.fail('three checks');
  // detected too, though not the first of the catalogue
  const other = {...third, fault: 'memtotal-page', about: 'MemTotal', at: 'observation #3'};
  const row = await rowFor(fixture, {
    ...whole,
    detected: [{...first, fault: 'gone-from-the-catalogue'}, second, other],
  });
  t.deepEqual(row.detected, [first, second, other]);
});

test('faults have ids of their own and say what is wrong', (t) => {
  t.is(new Set(faults.map(({id}) => id)).size, faults.length);
  for (const {id, says} of faults) t.regex(`${id}: ${says}`, /^[a-z-]+: [A-Z].*\.$/);
});

test('no fault makes a right answer of a right one', (t) => {
  for (const entry of mutable.entries) {
    for (const fault of faults) {
      for (const {about, answers} of mutable.at(entry, fault))
        t.notDeepEqual(answers.get(entry), entry.answer, `${fault.id} ${about} at ${entry.label}`);
    }
  }
});

test('a directory without a recorded clone is refused', async (t) => {
  await t.throwsAsync(readRecording(tmpdir()), {instanceOf: UsageError, message: /no recorded clone/});
});
