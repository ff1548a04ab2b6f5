import type {Clone} from '../../machine/clone.ts';
import type {Successor} from '../../machine/successor.ts';
import type {Stage} from './stage.ts';

/** How a guest comes to its next life: in another QEMU, or after another boot in the same one. */
export interface NextLife {
  /** Starts another QEMU with the same machine and disk, for a guest to come into. It ends with the case at the latest. */
  readonly launch: (how: Successor) => Promise<Clone>;
  /** From here on this QEMU may end by itself, and its guest may panic: that is no mishap any more. */
  readonly mayEnd: (clone: Clone) => void;
  /** Looks at the guest as it is now: what is observed later is compared with this, and no more with what was before. */
  readonly begin: (clone: Clone, title: string) => Promise<Stage>;
}
