// A kind of memory device that exists in this test alone: what else would have to change to boot with it, plug and
// unplug it?
import test from 'ava';
import {UsageError} from '../../../util/errors.ts';
import {EventLog} from '../qmp/events.ts';
import type {Qmp} from '../qmp/client.ts';
import {QemuVmm} from '../qemu.ts';
import type {DeviceSpec} from '../../vmm.ts';
import type {DeviceKind} from './device.ts';
import {absentOf, atBootOf, kindOf, kinds} from './devices.ts';
import {deleted} from './virtio.ts';

interface BrickSpec extends DeviceSpec {
  readonly kind: 'brick';
  readonly weight: number;
}
const brick: DeviceKind<BrickSpec> = {
  kind: 'brick',
  model: () => 'brick',
  config: () => ['CONFIG_BRICK'],
  absent: ({dimms}) => (dimms === undefined ? 'no bricks without DIMMs' : undefined),
  atBoot: ({id, weight}, {virtio}) => ({
    ram: [{id: `mem-${id}`, size: weight}],
    args: ['-device', `brick-${virtio},id=${id}`],
  }),
  plug: async (qmp, {id, weight}) => {
    await qmp.execute('device_add', {driver: 'brick', id, weight});
    return {taken: true, words: 'thud', success: 'thud', by: 'sound'};
  },
  unplug: (qmp, device, _bus, ms) => deleted(qmp, device, ms),
  resize: async (qmp, id, size) => {
    await qmp.execute('qom-set', {path: id, value: size});
  },
};
const spec: BrickSpec = {kind: 'brick', id: 'b0', weight: 4};

/** A monitor that takes everything, and tells of a removal. */
function monitor(): {qmp: Qmp; asked: string[]} {
  const asked: string[] = [];
  const events = new EventLog();
  const execute = (command: string, args: object = {}): Promise<unknown> => {
    asked.push(`${command} ${JSON.stringify(args)}`);
    if (command === 'device_del')
      events.add({event: 'DEVICE_DELETED', data: {device: 'b0'}, timestamp: {seconds: 0, microseconds: 0}});
    return Promise.resolve({});
  };
  return {asked, qmp: {events, execute, hmp: () => Promise.resolve('')}};
}

test(
  'a new kind is one file and its name in the table: it is there at boot, plugged, resized and ' + 'unplugged',
  async (t) => {
    const among = [...kinds, brick];
    const {qmp, asked} = monitor();
    const vmm = new QemuVmm(qmp, {virtio: 'ccw'}, among);
    t.deepEqual(atBootOf([spec], {virtio: 'ccw'}, among), {
      ram: [{id: 'mem-b0', size: 4}],
      args: ['-device', 'brick-ccw,id=b0'],
      ramInState: false,
    });
    t.is((await vmm.plug(spec, 1000)).words, 'thud');
    await vmm.resize({type: 'brick', id: 'b0'}, 5);
    t.is((await vmm.unplug({type: 'brick', id: 'b0', slot: null}, 1000)).outcome, 'removed');
    t.deepEqual(asked, [
      'device_add {"driver":"brick","id":"b0","weight":4}',
      'qom-set {"path":"b0","value":5}',
      'device_del {"id":"b0"}',
    ]);
  },
);

test('a kind that is not there is named, with those that are', (t) => {
  t.throws(() => kindOf(spec), {
    instanceOf: UsageError,
    message: `there is no memory device of the kind "brick"; there are ${kinds.map(({kind}) => kind).join(', ')}`,
  });
});

test('the size of a DIMM is fixed', async (t) => {
  const vmm = new QemuVmm(monitor().qmp, {virtio: 'pci'});
  await t.throwsAsync(vmm.resize({type: 'dimm', id: 'd0'}, 1), {message: 'd0 is a dimm, whose size is fixed'});
});

test('a machine without DIMMs says so, whichever device it is that lacks them', (t) => {
  const devices = [
    {kind: 'balloon', id: 'b'},
    {kind: 'dimm', id: 'd'},
  ];
  t.is(absentOf(devices, {virtio: 'ccw'}), 'memhp knows no way in which such a guest hears of DIMMs');
  t.is(absentOf(devices, {virtio: 'pci', dimms: 'acpi'}), undefined);
  t.is(absentOf([spec], {virtio: 'ccw'}, [...kinds, brick]), 'no bricks without DIMMs');
});
