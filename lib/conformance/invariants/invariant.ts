import type {Observation} from '../../guest/observation.ts';
import type {MemoryDevice, Protocol, VmmEvent} from '../../vmm/vmm.ts';
import type {OwnMemmap} from '../expected/memmap.ts';
import type {Done} from '../verdict/done.ts';
import type {Listings} from '../verdict/listings.ts';

/**
 * What the invariants compare: the clone's first observation, the newest, and what is known from its hypervisor's side.
 */
export interface Moment {
  readonly first: Observation;
  readonly now: Observation;
  /** Ids of the memory devices that the guest reported as plugged, cold-plugged ones included. */
  readonly accepted: ReadonlySet<string>;
  /** Boot RAM of the machine profile in bytes. */
  readonly bootRam: number;
  readonly numa: boolean;
  /** What a block's phys_device says, by where the block begins; absent where it always says 0. */
  readonly physDevice?: ((start: number) => number) | undefined;
  /** Why MemTotal may have had pages at first that no zone has; absent where it may not. */
  readonly uncounted?: string | undefined;
  /** Do blocks hold their own memmap? By default none does. */
  readonly ownMemmap?: OwnMemmap;
  /** The observation before the newest; none where that is the first. */
  readonly before?: Observation | undefined;
  /** How guest and hypervisor agree on devices. */
  readonly protocol: Protocol;
  /** The hypervisor's events since the clone woke up. */
  readonly events?: readonly VmmEvent[];
  /** Ids of devices that are no memory and were plugged: a CPU, a disk. */
  readonly others?: ReadonlySet<string>;
  /** The memory devices that were ever observed, by id, as they were last. */
  readonly devices?: ReadonlyMap<string, MemoryDevice>;
  /** Has the kernel CONFIG_MEMORY_HOTREMOVE? Undefined where its config isn't known. */
  readonly hotremove?: boolean | undefined;
  /** What was done since the observation before, as the verbs report it. */
  readonly done?: Pick<Done, 'policy' | 'states' | 'zonePolicyWritten' | 'unknown'>;
  /** QEMU's lists of memory devices since the observation before. */
  readonly listed?: Listings;
  /** What the kernel must warn of, because the case has asked for it. */
  readonly announced?: readonly string[];
}

/** A comparison that must hold after every step of every case. */
export interface Comparison {
  readonly name: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly because: string;
  /** What of it could not be judged, and why; then the rest is compared. */
  readonly unknown?: string | undefined;
}

/** What is compared at a moment. */
export type Invariant = (moment: Moment) => Omit<Comparison, 'name'>;
