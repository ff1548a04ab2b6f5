import test from 'ava';
import type {QmpEvent} from '../qmp/events.ts';
import {isPlugReport, isUnplugReport, ostMeaning, ostOf} from './ost.ts';

const event = (info: object, name = 'ACPI_DEVICE_OST'): QmpEvent => ({
  event: name,
  data: {info},
  timestamp: {seconds: 1, microseconds: 0},
});
const DIMM = {'slot-type': 'DIMM', slot: '0', device: 'dimm0'};

test('a report about a DIMM', (t) => {
  t.deepEqual(ostOf(event({...DIMM, source: 1, status: 0})), {source: 1, status: 0, slot: '0', device: 'dimm0'});
});

test('the last report of an unplug has no device', (t) => {
  t.deepEqual(ostOf(event({'slot-type': 'DIMM', slot: '2', source: 3, status: 0})), {
    source: 3,
    status: 0,
    slot: '2',
    device: undefined,
  });
});

test('other events and other slots are none of ours', (t) => {
  t.is(ostOf(event({...DIMM, source: 1, status: 0}, 'DEVICE_DELETED')), undefined);
  t.is(ostOf(event({...DIMM, 'slot-type': 'CPU', source: 1, status: 0})), undefined);
});

test('a report that lacks its status is refused', (t) => {
  t.throws(() => ostOf(event({...DIMM, source: 1})), {message: /status/});
});

test('1 answers a plug, 3 and 0x103 an ejection request', (t) => {
  const kind = (source: number): string => {
    const ost = ostOf(event({...DIMM, source, status: 0}));
    return `${isPlugReport(ost)} ${isUnplugReport(ost)}`;
  };
  t.deepEqual(
    [1, 3, 0x103, 0].map((source) => kind(source)),
    ['true false', 'false true', 'false true', 'false false'],
  );
  t.deepEqual([isPlugReport(undefined), isUnplugReport(undefined)], [false, false]);
});

test('statuses have names, unknown ones their number', (t) => {
  t.deepEqual(
    [0, 130, 132, 77].map((status) => ostMeaning(status)),
    ['0 (success)', '130 (device busy)', '132 (ejection in progress)', '77 (unknown)'],
  );
});
