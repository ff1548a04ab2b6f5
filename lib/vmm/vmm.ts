import type {Bytes} from '../util/size.ts';

/**
 * A memory device as its hypervisor has it: a DIMM at [address, address + size), or virtio-mem with `size` somewhere in
 * [address, address + max).
 */
export interface MemoryDevice {
  readonly id: string;
  readonly type: string;
  readonly address: Bytes;
  /** Of virtio-mem what is plugged now. */
  readonly size: Bytes;
  readonly slot: number | null;
  readonly node: number;
  readonly memdev: string;
  /** Of virtio-mem alone: what the host asks for, the most it can give, and the unit of both. */
  readonly resizable?: {readonly requested: Bytes; readonly max: Bytes; readonly block: Bytes};
}

/** The guest's memory as its hypervisor has it. */
export interface VmmView {
  /** Boot RAM. */
  readonly base: Bytes;
  /** The sum of what its memory devices give now. */
  readonly plugged: Bytes;
  readonly devices: readonly MemoryDevice[];
  /** What the balloon leaves the guest of both; null where there is no balloon. */
  readonly balloon: {readonly left: Bytes} | null;
}

/** What a hypervisor tells of by itself. */
export interface VmmEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Events in the order of arrival. A mark is taken before what causes an event, so that none can slip through. */
export interface VmmEvents {
  /** The place after the newest event. */
  mark(): number;
  since(mark: number): readonly VmmEvent[];
}

/** A memory device that can be plugged: each kind has its own fields. */
export interface DeviceSpec {
  /** Names an entry of the hypervisor's table of kinds. */
  readonly kind: string;
  readonly id: string;
}

/** How the guest answered a plug. */
export interface PlugAnswer {
  /** Did it take the device? Undefined where a device of this kind is plugged without an answer. */
  readonly taken: boolean | undefined;
  /** The answer in the words of the protocol, `0 (success)`; '' where there is none. */
  readonly words: string;
  /** What it is where the guest takes the device. */
  readonly success: string;
  /** By what it answered: `_OST`. */
  readonly by: string;
}

/** What the guest itself says of a removal, once that is over. */
export type GuestSays = () => Promise<'removed' | 'refused'>;

/** How an unplug request ended. */
export interface UnplugAnswer {
  readonly outcome: 'removed' | 'refused';
  /**
   * What the guest reported meanwhile, in order: by ACPI the statuses of its _OST; where guests report nothing,
   * nothing.
   */
  readonly statuses: readonly number[];
  /** Names of all events since the request. */
  readonly events: readonly string[];
}

/**
 * How a guest and its hypervisor agree that a memory device has come or gone: what both tell of it, and what can't be.
 * An invariant holds it against what is observed.
 */
export interface Protocol {
  /** Ids of the devices whose plug the guest answered with success, where the hypervisor tells of that. */
  accepted(events: readonly VmmEvent[]): string[];
  /**
   * What the kernel says in these messages that it has added and removed, part by part, in order: where that is the
   * guest's only answer. Absent where the hypervisor tells of it.
   */
  changedIn?(kernelLog: readonly string[]): Changed[];
  /** The slots of which the kernel has said in these messages that it couldn't add their memory. */
  failedSlots(kernelLog: readonly string[]): number[];
  /** What the events say that can't be, in words. */
  strange(told: Told): string[];
}

/** Memory that the kernel says to have added, or removed. */
export interface Changed {
  readonly start: number;
  readonly size: number;
  readonly isThere: boolean;
}

export interface Told {
  readonly events: readonly VmmEvent[];
  readonly first: {readonly vmm: VmmView};
  readonly now: {readonly vmm: VmmView};
  /** The memory devices that were ever observed, by id, as they were last. */
  readonly devices: ReadonlyMap<string, MemoryDevice>;
  /** Ids of devices that are no memory and were plugged: a CPU, a disk. */
  readonly others: ReadonlySet<string>;
}

/**
 * A hypervisor with one guest in it: all that cases and invariants know of it, unless a case needs `vmm:NAME`.
 * docs/adding-a-hypervisor.md says how to add one.
 */
export interface Vmm {
  /** As in a record: `qemu`. */
  readonly name: string;
  readonly events: VmmEvents;
  readonly protocol: Protocol;
  /** The guest's memory as it is now. */
  view(): Promise<VmmView>;
  /** The memory devices of it alone. */
  devices(): Promise<MemoryDevice[]>;
  /**
   * Plugs a device and waits for the guest's answer, if there is one for this kind. Throws VmmRefusal where the
   * hypervisor refuses, DeadlineError where the guest doesn't answer.
   */
  plug(spec: DeviceSpec, ms: number): Promise<PlugAnswer>;
  /**
   * Asks for a device's removal, and waits until it is gone or the guest has refused. `guestSays` is asked after the
   * request where the guest's own word is all that is sure to come. Throws VmmRefusal, DeadlineError.
   */
  unplug(device: Pick<MemoryDevice, 'type' | 'id' | 'slot'>, ms: number, guestSays?: GuestSays): Promise<UnplugAnswer>;
  /**
   * Asks for another size of a device that can have several: of virtio-mem what it gives, of a balloon what it leaves
   * the guest. Returns at once. Throws VmmRefusal.
   */
  resize(device: Pick<MemoryDevice, 'type' | 'id'>, size: number | string): Promise<void>;
}

/** The hypervisors that there are, by their names in records and needs. */
export const VMMS = ['qemu'] as const;

/** A hypervisor refused what it was asked for, in its own words, which change between versions. */
export class VmmRefusal extends Error {
  override name = 'VmmRefusal';
}
