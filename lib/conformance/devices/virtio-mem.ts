import type {MemoryDevice} from '../../vmm/vmm.ts';
import {sizesTold, type VirtioMemSpec} from '../../vmm/qemu/devices/virtio-mem.ts';
import {Broken} from '../../util/errors.ts';
import {formatSize, parseSize} from '../../util/size.ts';
import type {MemoryBlock} from '../guest/block.ts';
import {blocksIn} from '../expected/device-blocks.ts';
import type {QemuAnswer} from '../guest/access.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {exactNumber} from '../../util/number.ts';

const TRACING = '/sys/kernel/tracing';
const EVENTS = ['workqueue_queue_work', 'workqueue_execute_end'];

const VIRTIO = '/sys/bus/virtio';

/** Script that takes the driver away from all virtio-mem devices: unloads it, or where it is built in unbinds it. */
export const UNLOAD_DRIVER = `
  if grep -q '^virtio_mem ' /proc/modules; then exec rmmod virtio_mem; fi
  for device in ${VIRTIO}/drivers/virtio_mem/virtio*; do
    echo "\${device##*/}" >${VIRTIO}/drivers/virtio_mem/unbind || exit
  done`;

/** Script that undoes UNLOAD_DRIVER. A virtio-mem device is known by its number, VIRTIO_ID_MEM. */
export const LOAD_DRIVER = `
  [ -d ${VIRTIO}/drivers/virtio_mem ] || exec modprobe virtio_mem
  for device in ${VIRTIO}/devices/virtio*; do
    [ "$(cat "$device/device")" = 0x0018 ] || continue
    echo "\${device##*/}" >${VIRTIO}/drivers/virtio_mem/bind || exit
  done`;

/** A virtio-mem device: its size is what the guest's driver has plugged of what QEMU asks it to. */
export class VirtioMem {
  readonly id: string;
  readonly #guest: CaseGuest;

  constructor(guest: CaseGuest, id = 'vm0') {
    this.#guest = guest;
    this.id = id;
  }

  /** As QEMU has it, last observed. */
  get device(): MemoryDevice & Required<Pick<MemoryDevice, 'resizable'>> {
    const device = this.#guest.now.vmm.devices.find(({id}) => id === this.id);
    if (!device?.resizable) throw new Broken(`QEMU has no virtio-mem device ${this.id}`);
    return {...device, resizable: device.resizable};
  }

  /** Bytes that the guest has plugged. */
  get size(): number {
    return this.device.size;
  }

  /** Its memory blocks, ascending. */
  get blocks(): MemoryBlock[] {
    return blocksIn(this.device, this.#guest.now).map((id) => this.#guest.block(id));
  }

  /** States and zones of its blocks in short, ascending: `Movable`, or `offline`. */
  get zones(): string[] {
    return this.blocks.map(({state, validZones}) => (state === 'online' ? validZones.join(' ') : state));
  }

  /** Asks the guest for a size and waits until its driver has done what it can. A step. */
  request(size: string): Promise<void> {
    return this.settled(`ask for ${size} of ${this.id}`, () =>
      this.#guest.vmm.resize({type: 'virtio-mem', id: this.id}, parseSize(size)),
    );
  }

  /** Asks for a size that the guest must be able to give. Ends the case where it is another afterwards. */
  async resize(size: string): Promise<void> {
    await this.request(size);
    this.#guest.session.checks.require(
      formatSize(this.size),
      formatSize(parseSize(size)),
      `${this.id}: size after asking for ${size}`,
    );
  }

  /** Asks for a number of bytes that QEMU may refuse, or that no driver hears of, and waits for nothing. A step. */
  tryRequest(bytes: number | string): Promise<QemuAnswer> {
    return this.#guest.step(`ask for ${bytes} bytes of ${this.id}`, () =>
      this.#guest.tryQemu(() => this.#guest.vmm.resize({type: 'virtio-mem', id: this.id}, bytes)),
    );
  }

  /**
   * The sizes that QEMU told since a mark, in order, waiting for the one that it must end with, or for the deadline.
   */
  async sizesUntil(mark: number, last: number): Promise<number[]> {
    const {qmp, session} = this.#guest;
    await qmp.events.nextOrNone(
      mark,
      `MEMORY_DEVICE_SIZE_CHANGE of ${this.id} to ${last}`,
      (event) => sizesTold([event], this.id).includes(last),
      session.limits.operationMs,
    );
    return sizesTold(qmp.events.since(mark), this.id);
  }

  /**
   * Does something that makes the guest's driver work, and waits until it has nothing left to do: as often as its work
   * was queued it has ended, as the kernel's own tracing tells. One step. It may end with less than was asked for.
   */
  settled(title: string, action: () => Promise<unknown>): Promise<void> {
    return this.#guest.step(title, async () => {
      await this.#guest.sh(`
        [ -d ${TRACING}/events ] || mount -t tracefs none ${TRACING}
        cd ${TRACING}
        for e in ${EVENTS.join(' ')}; do echo 1 >events/workqueue/$e/enable; done
        echo >trace`);
      await action();
      await this.#guest.sh(`
        n=0
        while read -r line; do
          case $line in
            *queue_work:*function=virtio_mem_run_wq*) n=$((n + 1)) ;;
            *execute_end:*virtio_mem_run_wq*) n=$((n - 1)); [ $n != 0 ] || break ;;
          esac
        done <${TRACING}/trace_pipe`);
    });
  }

  /**
   * Asks for the device's removal, which QEMU may refuse; where it doesn't, waits until the device is gone, or for the
   * deadline. A step.
   */
  async tryUnplug(): Promise<QemuAnswer & {gone: boolean}> {
    return this.#guest.step(`unplug ${this.id}`, async () => {
      let gone = false;
      const answer = await this.#guest.tryQemu(async () => {
        const {outcome} = await this.#guest.vmm.unplug(this.device, this.#guest.limits.operationMs);
        gone = outcome === 'removed';
      });
      return {...answer, gone};
    });
  }

  /** Has the driver given up for now and set its timer to try again later? Source: /proc/timer_list. */
  async retriesLater(): Promise<boolean> {
    return (
      exactNumber(
        (await this.#guest.sh('grep -c virtio_mem_timer_expired /proc/timer_list || true')).trim(),
        'timers of virtio-mem',
      ) > 0
    );
  }
}

/** Plugs a virtio-mem device and waits until the guest's driver has it. A step. */
export async function plugVirtioMem(guest: CaseGuest, spec: Omit<VirtioMemSpec, 'kind'>): Promise<VirtioMem> {
  const vm = new VirtioMem(guest, spec.id);
  await vm.settled(`plug the virtio-mem device ${spec.id} of up to ${formatSize(spec.max)}`, () =>
    guest.plug({kind: 'virtio-mem', ...spec}),
  );
  return vm;
}

/**
 * The size of a virtio-mem device once the guest has booted anew and its driver has answered; nothing else of that
 * guest can be seen.
 */
export async function sizeAfterReset(
  guest: CaseGuest,
  vm: VirtioMem,
  ms: number,
): Promise<{atReset: number[]; then: number[]}> {
  const {qmp} = guest;
  const {requested} = vm.device.resizable;
  const mark = qmp.events.mark();
  await qmp.execute('set-action', {reboot: 'reset'});
  await qmp.execute('system_reset');
  const told = (): number[] => sizesTold(qmp.events.since(mark), vm.id);
  await qmp.events.nextOrNone(
    mark,
    `MEMORY_DEVICE_SIZE_CHANGE of ${vm.id} to 0`,
    (event) => sizesTold([event], vm.id).includes(0),
    ms,
  );
  const atReset = told();
  await qmp.events.nextOrNone(
    mark,
    `MEMORY_DEVICE_SIZE_CHANGE of ${vm.id} to ${requested}`,
    (event) => sizesTold([event], vm.id).includes(requested),
    ms,
  );
  return {atReset, then: told().slice(atReset.length)};
}
