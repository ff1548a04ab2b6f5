// The suite virtiomem, part three: what the host asks for, guests without a driver, and the device itself.
import {MiB, GiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {devicesNow, eventMark, eventsSince} from '../lib/conformance/host/qemu.ts';
import {
  LOAD_DRIVER,
  plugVirtioMem,
  sizeAfterReset,
  UNLOAD_DRIVER,
  VirtioMem,
} from '../lib/conformance/devices/virtio-mem.ts';

const machine = 'q35-virtio';
const DRIVER = ['device:virtio-mem'] as const;
const REMOVE = [...DRIVER, 'memory-hotremove'] as const;

const REFUSED = {
  'not-in-units': {bytes: 3 * MiB, why: "it isn't a multiple of the device's 2 MiB"},
  'beyond-the-backend': {bytes: 2 * GiB + 2 * MiB, why: 'the backend has 2 GiB'},
  negative: {bytes: -2 * MiB, why: 'there is no negative size'},
  'no-number': {bytes: 'all of it', why: 'a size is a number'},
} satisfies Record<string, {bytes: number | string; why: string}>;

for (const [name, {bytes, why}] of Object.entries(REFUSED)) {
  conformance(
    `virtiomem/refused-${name}`,
    {
      title:
        `QEMU refuses to ask a virtio-mem device for ${bytes} because ${why}; the device keeps its size ` +
        `and can be resized`,
      claims: ['linux/virtio-mem/bad-sizes', 'qemu/errors'],
      needs: DRIVER,
      machine,
    },
    async ({t, guest}) => {
      await guest.setPolicy('online_movable');
      const vm = new VirtioMem(guest);
      await vm.resize('128M');
      const before = guest.now;
      const answer = await vm.tryRequest(bytes);
      t.is(answer.accepted, false, 'QEMU accepts it', `${why}; it said: ${answer.words}`);
      guest.expectUnchanged(before, 'after the refusal');
      await vm.resize('192M');
    },
  );
}

conformance(
  'virtiomem/iomem',
  {
    title:
      "The guest reserves all of the device's address range under its name, and calls what it has added " +
      'System RAM (virtio_mem)',
    claims: ['linux/virtio-mem/iomem'],
    needs: REMOVE,
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    const {
      address,
      resizable: {max},
    } = vm.device;
    const ranges = (): string[] =>
      guest.now.iomem
        .filter(({start, end}) => start >= address && end <= address + max)
        .map(({start, end, name, depth}) => `${depth} ${start}-${end} ${name.replace(/^virtio\d+$/, 'virtioN')}`);
    const all = `0 ${address}-${address + max} virtioN`;
    t.is(ranges(), [all], "resources of the device's range with nothing plugged");
    await vm.resize('200M');
    t.is(
      ranges(),
      [all, `1 ${address}-${address + 256 * MiB} System RAM (virtio_mem)`],
      'resources with 200 MiB plugged',
      'two blocks of 128 MiB, as one since both are alike',
    );
    await vm.resize('0');
    t.is(ranges(), [all], 'resources with nothing plugged again');
  },
);

conformance(
  'virtiomem/no-driver',
  {
    title:
      'Without its driver nothing of a virtio-mem device is plugged, whatever is asked for; the driver does ' +
      'it as soon as it is loaded',
    claims: ['linux/virtio-mem/driver'],
    needs: [...DRIVER, 'vmm:qemu'],
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    await guest.step('unload the driver', () => guest.sh(UNLOAD_DRIVER));
    const before = guest.now;
    const mark = eventMark(guest);
    t.is((await vm.tryRequest(256 * MiB)).words, '', "QEMU's answer to the request");
    t.is(
      {size: vm.size, requested: vm.device.resizable.requested},
      {size: 0, requested: 256 * MiB},
      'size, and what is asked for',
    );
    t.is(eventsSince(guest, mark), [], "QEMU's events since");
    guest.expectUnchanged(before, 'after a request that nobody hears', {but: 'vmm'});
    await vm.settled('load the driver', () => guest.sh(LOAD_DRIVER));
    t.is(
      {size: vm.size, zones: vm.zones},
      {size: 256 * MiB, zones: ['Movable', 'Movable']},
      'size and blocks with the driver',
    );
  },
);

conformance(
  'virtiomem/driver-taken-away',
  {
    title: "A driver that is unloaded leaves its memory in use, and one that is loaded then doesn't touch it",
    claims: ['linux/virtio-mem/driver'],
    needs: DRIVER,
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    await vm.resize('256M');
    const before = guest.now;
    await guest.step('unload the driver', () => guest.sh(UNLOAD_DRIVER));
    guest.expectUnchanged(before, 'with the driver unloaded');
    // Of a driver that is built in the kernel says that the memory is in use (EBUSY), where modprobe says nothing.
    const {status, stderr} = await guest.step('load it again', () => guest.trySh(LOAD_DRIVER));
    if (status !== 0 && !/Device or resource busy/.test(stderr)) throw new Error(`the driver is not back: ${stderr}`);
    guest.expectUnchanged(before, 'with another one loaded');
    t.is((await vm.tryRequest(0)).words, '', "QEMU's answer to a request of 0");
    t.is(
      {size: vm.size, zones: vm.zones},
      {size: 256 * MiB, zones: ['Movable', 'Movable']},
      'size and blocks after it',
      "the driver can't take a device with memory over that is in use",
    );
  },
);

conformance(
  'virtiomem/plug-device',
  {
    title: 'A virtio-mem device can be plugged into a running guest beside another, and each has the size asked of it',
    claims: ['linux/virtio-mem/device', 'linux/virtio-mem/converges'],
    needs: REMOVE,
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const other = new VirtioMem(guest);
    await other.resize('128M');
    const vm = await plugVirtioMem(guest, {id: 'vm1', max: 512 * MiB, port: 'port0', inaccessible: false});
    t.is({size: vm.size, zones: vm.zones}, {size: 0, zones: []}, 'size and blocks of the new one');
    await vm.resize('192M');
    await other.resize('64M');
    t.is(
      {vm0: [other.size, ...other.zones], vm1: [vm.size, ...vm.zones]},
      {vm0: [64 * MiB, 'Movable'], vm1: [192 * MiB, 'Movable', 'Movable']},
      'sizes and blocks of both',
    );
  },
);

conformance(
  'virtiomem/unplug-device-never',
  {
    title:
      'QEMU before 8.1 refuses to unplug a virtio-mem device even while it is empty; nothing changes and it ' +
      'can be resized',
    claims: ['linux/virtio-mem/device'],
    needs: [...REMOVE, 'qemu<8.1'],
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = await plugVirtioMem(guest, {id: 'vm1', max: 512 * MiB, port: 'port0', inaccessible: false});
    const before = guest.now;
    const answer = await vm.tryUnplug();
    t.is(answer.accepted, false, 'QEMU accepts device_del', answer.words);
    guest.expectUnchanged(before, 'after the refusal');
    await vm.resize('128M');
  },
);

conformance(
  'virtiomem/unplug-device-empty',
  {
    title:
      'A virtio-mem device can be unplugged while it is empty and nothing is asked of it, and not before; ' +
      'then nothing of it is left',
    claims: ['linux/virtio-mem/device'],
    needs: [...REMOVE, 'vmm:qemu', 'qemu>=8.1', 'kernel>=5.16'],
    machine,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const first = guest.now;
    const vm = await plugVirtioMem(guest, {id: 'vm1', max: 512 * MiB, port: 'port0', inaccessible: true});
    await vm.resize('128M');
    const before = guest.now;
    const answer = await vm.tryUnplug();
    t.is(answer.accepted, false, 'QEMU accepts device_del with 128 MiB plugged', answer.words);
    guest.expectUnchanged(before, 'after the refusal');
    await vm.resize('0');
    const {words, gone} = await vm.tryUnplug();
    t.is(
      {words, gone},
      {words: '', gone: true},
      "QEMU's answer to device_del of the empty device, and whether it went",
    );
    t.is(
      (await devicesNow(guest)).map(({id}) => id),
      ['vm0'],
      "QEMU's memory devices afterwards",
    );
    guest.expectUnchanged(first, 'after plugging and unplugging it');
  },
);

conformance(
  'virtiomem/reboot',
  {
    title: 'A reboot gives all memory of a virtio-mem device back, and the guest plugs what is still asked for anew',
    claims: ['linux/virtio-mem/reboot'],
    needs: [...DRIVER, 'vmm:qemu'],
    machine,
    seconds: 120,
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const vm = new VirtioMem(guest);
    await vm.resize('256M');
    const {atReset, then} = await sizeAfterReset(guest, vm, guest.limits.operationMs * 4);
    t.is(atReset, [0], 'sizes that QEMU told at the reset');
    t.is(then.at(-1), 256 * MiB, 'the last size told since', 'the request outlasts the reset');
    t.is(
      (await devicesNow(guest)).map(({size, resizable}) => ({size, requested: resizable?.requested})),
      [{size: 256 * MiB, requested: 256 * MiB}],
      'the device as QEMU has it then',
    );
  },
);
