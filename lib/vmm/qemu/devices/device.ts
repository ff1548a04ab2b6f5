import type {DeviceSpec, GuestSays, MemoryDevice, PlugAnswer, UnplugAnswer} from '../../vmm.ts';
import type {Qmp} from '../qmp/client.ts';

/** What of a machine a device has to know: how virtio devices are attached to it, and how a guest hears of DIMMs, if it has any. */
export interface Bus {
  readonly virtio: 'pci' | 'ccw';
  readonly dimms?: 'acpi' | 'dlpar';
  /** Were there guests that read virtio-mem's memory before it is plugged, so that the device can be told whether they may? */
  readonly legacyVirtioMem?: true;
  /** The models of memory devices that QEMU has; undefined where it was not asked. */
  readonly models?: readonly string[] | undefined;
}

/** What is there of a device when QEMU starts. */
export interface AtBoot {
  /** Memory that must be kept in a template's files, in bytes: what the guest may use before it is frozen. */
  readonly ram: readonly {readonly id: string; readonly size: number}[];
  /** QEMU's arguments, without that memory's. */
  readonly args: readonly string[];
  /**
   * Does it punch holes into the guest's RAM? Even of a private mapping they are then in the file: RAM is to be a part
   * of the frozen state.
   */
  readonly ramInState?: boolean;
}

/**
 * A kind of memory device in QEMU: one file each, all in the table of devices.ts. docs/adding-a-device.md says how to
 * add one.
 */
export interface DeviceKind<Spec extends DeviceSpec> {
  /** In a spec, in a machine profile, and in what a case needs: `device:KIND`. */
  readonly kind: string;
  /** Options that a guest's kernel must be built with to use it. */
  readonly config: (bus: Bus) => readonly string[];
  /** What QEMU calls it. */
  readonly model: (bus: Bus) => string;
  /** Why a machine has none, beside that QEMU has no such model; undefined where it can have one. */
  readonly absent?: (bus: Bus) => string | undefined;
  /** On QEMU's command line. */
  readonly atBoot: (spec: Spec, bus: Bus) => AtBoot;
  /** Plugs one, and waits for the guest's answer if there is one. Throws QmpError as QEMU refuses. */
  readonly plug: (qmp: Qmp, spec: Spec, bus: Bus, ms: number) => Promise<PlugAnswer>;
  /**
   * Asks for its removal, and waits for the end of that. Throws QmpError as QEMU refuses, DeadlineError where nothing
   * ends.
   */
  readonly unplug: (
    qmp: Qmp,
    device: Pick<MemoryDevice, 'id' | 'slot'>,
    bus: Bus,
    ms: number,
    guestSays?: GuestSays,
  ) => Promise<UnplugAnswer>;
  /** Asks for another size. Absent where the size is fixed. Throws QmpError as QEMU refuses. */
  readonly resize?: (qmp: Qmp, id: string, size: number | string) => Promise<void>;
}
