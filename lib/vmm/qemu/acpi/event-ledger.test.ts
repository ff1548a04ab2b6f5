import test from 'ava';
import type {MemoryDevice, VmmView} from '../../vmm.ts';
import type {QmpEvent} from '../qmp/events.ts';
import {bytes} from '../../../util/size.ts';
import {strangeEvents} from './event-ledger.ts';

const dimm: MemoryDevice = {
  id: 'dimm0',
  type: 'dimm',
  address: bytes(2 ** 32),
  size: bytes(2 ** 28),
  slot: 0,
  node: 0,
  memdev: '',
};
const vm: MemoryDevice = {
  ...dimm,
  id: 'vm0',
  type: 'virtio-mem',
  slot: null,
  resizable: {requested: bytes(0), max: bytes(2 ** 30), block: bytes(2 ** 21)},
};

const event = (name: string, data: QmpEvent['data'] = {}): QmpEvent => ({
  event: name,
  data,
  timestamp: {seconds: 0, microseconds: 0},
});
const ost = (source: number, status: number, device = 'dimm0', slot = '0'): QmpEvent =>
  event('ACPI_DEVICE_OST', {info: {source, status, slot, 'slot-type': 'DIMM', device}});
const [plugged, progress, busy, deleted, ejected] = [
  ost(1, 0),
  ost(3, 132),
  ost(3, 130),
  event('DEVICE_DELETED', {device: 'dimm0', path: '/machine/peripheral/dimm0'}),
  event('ACPI_DEVICE_OST', {info: {source: 3, status: 0, slot: '0', 'slot-type': 'DIMM'}}),
];

const seeing = (devices: MemoryDevice[]): {vmm: VmmView} => ({
  vmm: {base: bytes(0), plugged: bytes(0), devices, balloon: null},
});
const strange = (events: QmpEvent[], now: MemoryDevice[] = [], first: MemoryDevice[] = []): string[] =>
  strangeEvents({
    events,
    first: seeing(first),
    now: seeing(now),
    others: new Set(),
    devices: new Map([...first, ...now].map((one) => [one.id, one])),
  });

const LIVES: [string, QmpEvent[], MemoryDevice[], MemoryDevice[]?][] = [
  ['nothing', [], []],
  ['a plug', [plugged], [dimm]],
  ["a plug that isn't answered yet", [], [dimm]],
  ['a plug that the guest refuses', [ost(1, 1)], [dimm]],
  ['an unplug', [plugged, progress, deleted, ejected], []],
  ["an unplug that isn't over", [plugged, progress], [dimm]],
  [
    'a refused one, and one at once',
    [plugged, progress, busy, ost(3, 128), progress, deleted, ejected, plugged],
    [dimm],
  ],
  ['a DIMM that was there at boot', [progress, deleted, ejected], [], [dimm]],
  [
    'virtio-mem',
    [
      event('MEMORY_DEVICE_SIZE_CHANGE', {id: 'vm0', size: 2 ** 21, 'qom-path': '/machine/peripheral/vm0'}),
      event('DEVICE_DELETED', {device: 'vm0', path: '/machine/peripheral/vm0'}),
    ],
    [],
    [vm],
  ],
  ['a guest that was reset', [plugged, event('RESET'), plugged], [dimm]],
  ['other events', [event('BALLOON_CHANGE', {actual: 1}), event('STOP')], []],
];

for (const [what, events, now, first] of LIVES) {
  test(`${what}: nothing strange`, (t) => {
    t.deepEqual(strange(events, now, first), []);
  });
}

const LIES: [string, QmpEvent[], MemoryDevice[], MemoryDevice[], string[]][] = [
  ['a plug is answered twice', [plugged, plugged], [dimm], [], ['slot 0: _OST 1/0, where it is plugged']],
  ['an ejection of nothing', [progress], [], [], ['slot 0: _OST 3/132, where it is empty']],
  ['progress twice', [plugged, progress, progress], [dimm], [], ['slot 0: _OST 3/132, where it is ejecting']],
  ['progress is lost', [plugged, deleted, ejected], [], [], ['DEVICE_DELETED of dimm0, whose slot is plugged']],
  [
    'DEVICE_DELETED is lost',
    [plugged, progress, ejected],
    [],
    [dimm],
    [
      'slot 0: _OST 1/0, where it is plugged',
      'slot 0: _OST 3/0, where it is ejecting',
      'slot 0: _OST 3/0 of no device',
      'dimm0 is gone without DEVICE_DELETED',
    ],
  ],
  [
    'DEVICE_DELETED of what is still there',
    [plugged, progress, deleted],
    [dimm],
    [],
    ['dimm0 is there after DEVICE_DELETED'],
  ],
  ['another slot', [ost(1, 0, 'dimm0', '1')], [dimm], [], ['dimm0 is in slot 0, and _OST names slot 1']],
  ["a source that there isn't", [ost(2, 0)], [dimm], [], ['slot 0: _OST 2/0, where it is empty']],
  [
    'a DIMM is busy before the guest has begun',
    [plugged, busy],
    [dimm],
    [],
    ['slot 0: _OST 3/130, where it is plugged'],
  ],
  [
    'the ejection of another DIMM',
    [plugged, ost(3, 132, 'dimm7')],
    [dimm],
    [],
    ["slot 0: _OST 3/132 of dimm7, which isn't there"],
  ],
  ['an unplug error', [event('MEM_UNPLUG_ERROR', {device: 'dimm0'})], [], [], ['MEM_UNPLUG_ERROR']],
  [
    'a DIMM has a size',
    [event('MEMORY_DEVICE_SIZE_CHANGE', {id: 'dimm0', size: 0, 'qom-path': '/machine/peripheral/dimm0'})],
    [dimm],
    [],
    ['MEMORY_DEVICE_SIZE_CHANGE of dimm0, which is no virtio-mem device'],
  ],
  [
    'another path',
    [event('MEMORY_DEVICE_SIZE_CHANGE', {id: 'vm0', size: 0, 'qom-path': '/machine/peripheral/vm1'})],
    [vm],
    [],
    ['MEMORY_DEVICE_SIZE_CHANGE of vm0 at /machine/peripheral/vm1'],
  ],
  [
    'too large',
    [event('MEMORY_DEVICE_SIZE_CHANGE', {id: 'vm0', size: 2 ** 31, 'qom-path': '/machine/peripheral/vm0'})],
    [vm],
    [],
    ['MEMORY_DEVICE_SIZE_CHANGE of vm0 to 2147483648'],
  ],
];

for (const [what, events, now, first, expected] of LIES) {
  test(`${what}: seen`, (t) => {
    t.deepEqual(strange(events, now, first), expected);
  });
}
