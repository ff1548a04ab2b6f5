import {dmiOf, type Guest} from '../guest.ts';
import type {Kernel} from './kernel.ts';
import {ofOther, resolved, targetOf} from './paths.ts';
import {unknown} from './unknown.ts';

/** A device that an event is about. */
export interface Device {
  readonly guest: Guest;
  readonly action: string;
  readonly subsystem: string;
  /** memory40 */
  readonly kernel: string;
  /** /devices/system/memory/memory40 */
  readonly devpath: string;
  /** A device that is no memory block may have this state; absent: nobody knows. */
  readonly state?: string | undefined;
}

/** Attributes of a device as udevd reads them: once an event, and what it has written itself from systemd 258 on. */
export class Attributes {
  private readonly seen = new Map<string, string | undefined>();
  private readonly device: Device;
  private readonly kernel: Pick<Kernel<unknown>, 'read'>;

  constructor(device: Device, kernel: Pick<Kernel<unknown>, 'read'>) {
    this.device = device;
    this.kernel = kernel;
  }

  /** Of the device itself; undefined where it has none of that name. */
  own(name: string): string | undefined {
    if (this.seen.has(name)) return this.seen.get(name);
    const value = this.read(this.pathOf(name), name);
    this.seen.set(name, value);
    return value;
  }

  /** `[subsystem/device]attribute`: read each time; one that is not there reads as nothing, if the device is. */
  other(name: string): string | undefined {
    const path = ofOther(name);
    if (path === undefined) return undefined;
    const dmi = /^\/sys\/class\/dmi\/id\/(\w+)$/.exec(path)?.[1];
    if (dmi !== undefined) return dmiOf(this.device.guest, dmi);
    // It is in the directory of the blocks, not of the bus.
    if (path === '/sys/bus/memory/auto_online_blocks') return '';
    return this.kernel.read(path) ?? unknown(name);
  }

  /** What udevd itself has written to, and whether it was taken. */
  wrote(name: string, value: string, taken: boolean): void {
    if ((this.device.guest.systemd ?? CACHES) < CACHES) return;
    if (taken) this.seen.set(name, value);
    else this.seen.delete(name);
  }

  pathOf(name: string): string {
    return ofOther(name) ?? resolved(`/sys${this.device.devpath}`, name);
  }

  private read(path: string, name: string): string | undefined {
    if (this.device.subsystem !== 'memory')
      return name === 'state' && this.device.state !== undefined
        ? this.device.state
        : unknown(`${name} of ${this.device.subsystem} devices`);
    const {kind} = targetOf(path);
    if (kind === 'directory') return undefined;
    if (name === 'subsystem') return 'memory';
    const value = this.kernel.read(path);
    // A block has these files and no others; what is elsewhere is not known.
    return value === undefined && !targetIsBlock(path)
      ? path.startsWith(`/sys${this.device.devpath}/`)
        ? undefined
        : unknown(`the file ${path}`)
      : value;
  }
}

const targetIsBlock = (path: string): boolean => targetOf(path).kind === 'block';

/** systemd that keeps what it has written to an attribute (258: sd_device_set_sysattr_value() in udev-rules.c). */
const CACHES = 258;
