import {UsageError} from '../../../util/errors.ts';
import type {DeviceSpec} from '../../vmm.ts';
import {balloon, type BalloonSpec} from './balloon.ts';
import type {AtBoot, Bus, DeviceKind} from './device.ts';
import {dimm, type DimmSpec} from './dimm.ts';
import {virtioMem, type VirtioMemSpec} from './virtio-mem.ts';

/** A memory device of any kind. */
export type AnyDeviceSpec = DimmSpec | VirtioMemSpec | BalloonSpec;

/** The kinds of memory devices that there are. To add one: a file beside dimm.ts, and its name here. */
export const kinds: readonly DeviceKind<never>[] = [dimm, virtioMem, balloon];

/** The kind of a spec. Throws UsageError where there is none. */
export function kindOf<Spec extends DeviceSpec>({kind}: Spec, among = kinds): DeviceKind<Spec> {
  const found = among.find((one) => one.kind === kind);
  if (found) return found as unknown as DeviceKind<Spec>;
  throw new UsageError(
    `there is no memory device of the kind "${kind}"; there are ${among.map((one) => one.kind).join(', ')}`,
  );
}

/** What is there of several devices when QEMU starts. */
export function atBootOf(devices: readonly DeviceSpec[], bus: Bus, among = kinds): Required<AtBoot> {
  const all = devices.map((spec) => kindOf(spec, among).atBoot(spec, bus));
  return {
    ram: all.flatMap(({ram}) => ram),
    args: all.flatMap(({args}) => args),
    ramInState: all.some(({ramInState}) => ramInState === true),
  };
}

/** Why a machine can't have a device of a kind; undefined where it can. */
export function lackOf({absent, model}: Pick<DeviceKind<never>, 'absent' | 'model'>, bus: Bus): string | undefined {
  const name = model(bus);
  return bus.models?.includes(name) === false ? `this QEMU has no ${name}` : absent?.(bus);
}

/** Why a machine can't have one of these devices; undefined where it can have all. */
export const absentOf = (devices: readonly DeviceSpec[], bus: Bus, among = kinds): string | undefined =>
  devices.map((spec) => lackOf(kindOf(spec, among), bus)).find((reason) => reason !== undefined);
