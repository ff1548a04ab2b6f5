import type {DeviceSpec, GuestSays, MemoryDevice, PlugAnswer, Protocol, UnplugAnswer, Vmm, VmmView} from '../vmm.ts';
import {Broken} from '../../util/errors.ts';
import {acpi} from './acpi/acpi.ts';
import type {Bus} from './devices/device.ts';
import {dlpar} from './dlpar/dlpar.ts';
import {kindOf, kinds} from './devices/devices.ts';
import type {Qmp} from './qmp/client.ts';
import type {EventLog} from './qmp/events.ts';
import {queryDevices, viewOf} from './view.ts';

/** QEMU, by its machine protocol. */
export class QemuVmm implements Vmm {
  readonly name = 'qemu';
  /** For what QEMU alone has: a case that uses it needs `vmm:qemu`. */
  readonly qmp: Qmp;
  readonly protocol: Protocol;
  readonly #bus: Bus;
  readonly #kinds: typeof kinds;

  constructor(qmp: Qmp, bus: Bus, among = kinds) {
    this.qmp = qmp;
    this.protocol = bus.dimms === 'dlpar' ? dlpar : acpi;
    this.#bus = bus;
    this.#kinds = among;
  }

  /** The same QEMU, whose monitor somebody looks over. */
  by(qmp: Qmp): QemuVmm {
    return new QemuVmm(qmp, this.#bus, this.#kinds);
  }

  get events(): EventLog {
    return this.qmp.events;
  }

  view(): Promise<VmmView> {
    return viewOf(this.qmp);
  }

  devices(): Promise<MemoryDevice[]> {
    return queryDevices(this.qmp);
  }

  plug(spec: DeviceSpec, ms: number): Promise<PlugAnswer> {
    return kindOf(spec, this.#kinds).plug(this.qmp, spec, this.#bus, ms);
  }

  unplug(device: Pick<MemoryDevice, 'type' | 'id' | 'slot'>, ms: number, guestSays?: GuestSays): Promise<UnplugAnswer> {
    return kindOf({kind: device.type, id: device.id}, this.#kinds).unplug(this.qmp, device, this.#bus, ms, guestSays);
  }

  async resize({type, id}: Pick<MemoryDevice, 'type' | 'id'>, size: number | string): Promise<void> {
    const {kind, resize} = kindOf({kind: type, id}, this.#kinds);
    if (!resize) throw new Broken(`${id} is a ${kind}, whose size is fixed`);
    await resize(this.qmp, id, size);
  }
}

/** The machine protocol of a hypervisor that is QEMU. Throws Broken where it is another one. */
export function qmpOf(vmm: Vmm): Qmp {
  if (vmm instanceof QemuVmm) return vmm.qmp;
  throw new Broken(`QEMU is asked, and the guest runs in ${vmm.name}: the case needs vmm:qemu`);
}
