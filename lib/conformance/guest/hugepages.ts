import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from './guest.ts';

/** Counters of a pool of huge pages. Source: /sys/kernel/mm/hugepages. */
export interface PoolState {
  readonly total: number;
  readonly free: number;
  readonly surplus: number;
}

/** A pool of huge pages of one size. */
export interface HugePagePool {
  /** Asks for `count` more. Ends the case where the kernel can't give them. */
  grow(count: number): Promise<void>;
  /** Asks for a total of `count` and returns how many there are then. A step. */
  ask(count: number): Promise<number>;
  /** The counters now. */
  state(): Promise<PoolState>;
}

/** The guest's pool of 2 MiB pages, or of gigantic ones. Needs `config:CONFIG_HUGETLB_PAGE`. */
export function hugePages(guest: CaseGuest, kib: 2048 | 1048576 = 2048): HugePagePool {
  const dir = `/sys/kernel/mm/hugepages/hugepages-${kib}kB`;
  const state = async (): Promise<PoolState> => {
    const text = await guest.sh(`cd ${dir} && cat nr_hugepages free_hugepages surplus_hugepages`);
    const [, total, free, surplus] = /^(\d+)\n(\d+)\n(\d+)\n$/.exec(text) ?? [];
    if (surplus === undefined) throw new Broken(`the pool of huge pages reads "${text.slice(0, 100)}"`);
    return {total: Number(total), free: Number(free), surplus: Number(surplus)};
  };
  const ask = async (count: number): Promise<number> => {
    await guest.write(`${dir}/nr_hugepages`, String(count));
    return (await state()).total;
  };
  const grow = async (count: number): Promise<void> => {
    const {total} = await state();
    guest.session.checks.require(
      await ask(total + count),
      total + count,
      `huge pages of ${kib} KiB in the pool`,
      `${total} and ${count} more`,
    );
  };
  return {grow, ask, state};
}
