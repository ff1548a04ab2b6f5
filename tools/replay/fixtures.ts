// For tests: a case, and what a run of it on debian-13 recorded (lines of an observation that nobody reads are left
// out).
import {fileURLToPath} from 'node:url';
import {cases, conformance, type Case} from '../../lib/conformance/runner/case.ts';
import {readRecording} from './recording.ts';
import type {RecordedCase} from './recorded-case.ts';

conformance(
  'fixture/unplug',
  {title: 'An offline DIMM is removed on request', claims: ['fixture'], needs: ['device:dimm']},
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    const dimm = await guest.plugDimm({size: '256M'});
    const {statuses, events} = await dimm.unplug();
    t.is(statuses, [132, 0], 'what the guest reported (_OST)');
    t.is(events, ['ACPI_DEVICE_OST', 'DEVICE_DELETED', 'ACPI_DEVICE_OST'], "QEMU's events");
    guest.expectUnchanged(before, 'after plug and unplug');
  },
);

export const recording = await readRecording(fileURLToPath(new URL('./fixtures/unplug', import.meta.url)));

export const fixture: RecordedCase = {
  entry: cases.get('fixture/unplug') as Case,
  recording,
  on: {kernel: '6.12.117', guest: 'debian-13', known: []},
};
