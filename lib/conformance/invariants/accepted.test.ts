import test from 'ava';
import type {Observation} from '../../guest/observation.ts';
import type {QmpEvent} from '../../vmm/qemu/qmp/events.ts';
import {acpi} from '../../vmm/qemu/acpi/acpi.ts';
import {dlpar} from '../../vmm/qemu/dlpar/dlpar.ts';
import {MiB} from '../../util/size.ts';
import {AcceptedDevices} from './accepted.ts';

const seen = (devices: {id: string; slot: number}[], kernelLog: string[] = []): Observation =>
  ({vmm: {base: 0, plugged: 0, devices}, kernelLog}) as unknown as Observation;
const report = (device: string, slot: number, status: number): QmpEvent => ({
  event: 'ACPI_DEVICE_OST',
  data: {info: {source: 1, status, slot: String(slot), device, 'slot-type': 'DIMM'}},
  timestamp: {seconds: 0, microseconds: 0},
});
const FAILED = '[   55.5] acpi PNP0C80:0a: add_memory failed';

test('a device is taken when it was there at boot or its plug was answered with success', (t) => {
  const accepted = new AcceptedDevices(seen([{id: 'cold', slot: 0}]), acpi);
  const now = seen([
    {id: 'cold', slot: 0},
    {id: 'good', slot: 1},
    {id: 'bad', slot: 2},
    {id: 'silent', slot: 3},
  ]);
  t.deepEqual([...accepted.ids(now, [report('good', 1, 0), report('bad', 2, 1)])], ['cold', 'good']);
});

test("success is not believed where the kernel says that adding failed, until the slot is another device's", (t) => {
  const accepted = new AcceptedDevices(seen([]), acpi);
  const now = seen([{id: 'odd', slot: 10}], [FAILED]);
  accepted.look(now);
  t.deepEqual([...accepted.ids(now, [report('odd', 10, 0)])], []);
  accepted.look(seen([]));
  const next = seen([{id: 'even', slot: 10}]);
  accepted.look(next);
  t.deepEqual([...accepted.ids(next, [report('odd', 10, 0), report('even', 10, 0)])], ['odd', 'even']);
});

test('by DLPAR a device is taken once the kernel says so of each of its parts, and no more when one is removed', (t) => {
  const said = (address: number, what: string): string =>
    `[   60.1] pseries-hotplug-mem: Memory at ${address.toString(16)} (drc index 80000004) was hot-${what}`;
  const two = {id: 'two', slot: 0, address: 1024 * MiB, size: 512 * MiB};
  const look = (...log: string[]): Observation => seen([two], log);
  const accepted = new AcceptedDevices(seen([]), dlpar);
  const ids = (now: Observation): string[] => {
    accepted.look(now);
    return [...accepted.ids(now, [])];
  };
  t.deepEqual(ids(look()), []);
  t.deepEqual(ids(look(said(1024 * MiB, 'added'))), [], 'half of it');
  t.deepEqual(ids(look(said(1280 * MiB, 'added'))), ['two']);
  t.deepEqual(ids(look()), ['two']);
  t.deepEqual(ids(look(said(1280 * MiB, 'removed'))), []);
});
