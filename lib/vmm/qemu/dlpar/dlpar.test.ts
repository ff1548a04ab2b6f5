import test from 'ava';
import {bytes, MiB} from '../../../util/size.ts';
import type {MemoryDevice, VmmEvent} from '../../vmm.ts';
import {changedIn, dlpar, endsUnplug} from './dlpar.ts';

const dimm: MemoryDevice = {
  id: 'dimm0',
  type: 'dimm',
  address: bytes(2 ** 30),
  size: bytes(2 ** 28),
  slot: 0,
  node: 0,
  memdev: '',
};
const about = (event: string, device = 'dimm0'): VmmEvent => ({
  event,
  data: {device, path: `/machine/peripheral/${device}`},
});
const strange = (events: VmmEvent[], now: MemoryDevice[]): string[] => {
  const view = {vmm: {base: bytes(0), plugged: bytes(0), devices: now, balloon: null}};
  return dlpar.strange({
    events,
    first: view,
    now: view,
    devices: new Map([['dimm0', dimm]]),
    others: new Set(['cpu1']),
  });
};
const [refused, keeps, gone] = [about('MEM_UNPLUG_ERROR'), about('DEVICE_UNPLUG_GUEST_ERROR'), about('DEVICE_DELETED')];

test("the kernel's log says which logical memory blocks came and went; other lines say nothing", (t) => {
  t.deepEqual(
    changedIn([
      '[   61.0] pseries-hotplug-mem: Attempting to hot-add 1 LMB(s) at index 80000004',
      '[   61.2] pseries-hotplug-mem: Memory at 40000000 (drc index 80000004) was hot-added',
      '[   65.9] pseries-hotplug-mem: Memory at 40000000 (drc index 80000004) was hot-removed',
      '[   66.0] Memory at 40000000 was hot-added',
    ]),
    [
      {start: 2 ** 30, size: 256 * MiB, isThere: true},
      {start: 2 ** 30, size: 256 * MiB, isThere: false},
    ],
  );
});

test('an unplug ends with DEVICE_DELETED or the second of two refusals, of that device', (t) => {
  t.deepEqual([refused, keeps, gone, about('DEVICE_DELETED', 'other')].map(endsUnplug('dimm0')), [
    false,
    true,
    true,
    false,
  ]);
});

test('what QEMU may tell of a DIMM', (t) => {
  t.deepEqual(strange([], [dimm]), []);
  t.deepEqual(strange([gone], []), []);
  t.deepEqual(strange([refused, keeps, gone], []), []);
  t.deepEqual(strange([refused, keeps, keeps], [dimm]), []);
  t.deepEqual(strange([about('DEVICE_DELETED', 'cpu1')], [dimm]), []);
});

test('what it may not', (t) => {
  t.deepEqual(strange([refused], [dimm]), ['MEM_UNPLUG_ERROR and DEVICE_UNPLUG_GUEST_ERROR of dimm0: 1 and 0']);
  t.deepEqual(strange([], []), ['dimm0 is gone without DEVICE_DELETED']);
  t.deepEqual(strange([keeps], [dimm]), ['MEM_UNPLUG_ERROR and DEVICE_UNPLUG_GUEST_ERROR of dimm0: 0 and 1']);
  t.deepEqual(strange([about('DEVICE_DELETED', 'dimm7')], [dimm]), ['DEVICE_DELETED of dimm7, which was never there']);
  t.deepEqual(strange([{event: 'ACPI_DEVICE_OST', data: {}}], [dimm]), ['ACPI_DEVICE_OST, on a machine without ACPI']);
  t.deepEqual(strange([{...gone, data: {...gone.data, path: '/machine/peripheral/dimm1'}}], []), [
    'DEVICE_DELETED of dimm0 at /machine/peripheral/dimm1',
  ]);
});
