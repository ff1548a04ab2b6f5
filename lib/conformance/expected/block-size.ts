import {systemRam} from '../../guest/iomem.ts';
import type {Observation} from '../../guest/observation.ts';
import {formatSize} from '../../util/size.ts';
import type {Derived} from './ledger.ts';

const [MIN, MAX, LARGE] = [128 * 2 ** 20, 2 * 2 ** 30, 64 * 2 ** 30];

/**
 * The size of memory blocks that a virtual machine of x86_64 chooses at boot: 128 MiB where memory ends below 64 GiB; else the largest of 2 GiB, 1 GiB, …
 * to which the end of memory is aligned. Source: probe_memory_block_size() in arch/x86/mm/init_64.c, 4.18 to 7.2.
 */
export function largestBlock({iomem}: Pick<Observation, 'iomem'>): Derived<number> {
  const end = Math.max(...systemRam(iomem).map((range) => range.end));
  let value = end < LARGE ? MIN : MAX;
  while (value > MIN && end % value !== 0) value /= 2;
  return {
    value,
    because: `System RAM of /proc/iomem ends at ${formatSize(end)}; from 64 GiB on the largest size of up to 2 GiB that divides the end`,
  };
}
