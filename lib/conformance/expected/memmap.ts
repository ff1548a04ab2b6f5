import type {Observation} from '../../guest/observation.ts';
import {compareReleases} from '../../util/releases.ts';
import {blocksOf} from './device-blocks.ts';

/** Which DIMMs hold the memmap of their blocks themselves: none, those of a single block, or every one. */
export type OwnMemmap = 'none' | 'one-block' | 'every';

/** What decides it. */
export interface Booted {
  /** Kernel parameters beyond the image's own. */
  readonly append: string;
  readonly kernel: string;
  readonly config: Readonly<Record<string, string>> | null;
}

/**
 * What memory_hotplug.memmap_on_memory= does on x86_64. It came with 5.13 for DIMMs of one block; 6.8 gave every block
 * an own memmap (commit 6b8f0798b85a). `force` came with 6.6. Source: mhp_supports_memmap_on_memory() in
 * mm/memory_hotplug.c.
 */
export function ownMemmap({append, kernel, config}: Booted): OwnMemmap {
  const word = [...append.matchAll(/(?:^|\s)memory_hotplug\.memmap_on_memory=(\S+)/g)].at(-1)?.[1] ?? 'N';
  const asked =
    /^(?:[yY1]|[oO][nN])/.test(word) || (/^(?:force|FORCE)$/.test(word) && compareReleases(kernel, '6.6') >= 0);
  const built = config === null || config['CONFIG_MHP_MEMMAP_ON_MEMORY'] !== undefined;
  if (!asked || !built || compareReleases(kernel, '5.13') < 0) return 'none';
  return compareReleases(kernel, '6.8') >= 0 ? 'every' : 'one-block';
}

/** Bytes of a `struct page`. */
export const STRUCT_PAGE = 64;

/** Bytes of a block's memmap: a `struct page` for each page, 2 MiB of 128 where pages are of 4 KiB. */
export const memmapOf = ({blockSize, page}: Pick<Observation, 'blockSize' | 'page'>): number =>
  (blockSize / page) * STRUCT_PAGE;

/** How many blocks are online whose memmap takes its place in themselves. virtio-mem never does that. */
export function blocksWithOwnMemmap({blocks, blockSize, vmm}: Observation, own: OwnMemmap): number {
  const dimms = vmm.devices.filter(
    ({type, size}) => type === 'dimm' && (own === 'every' || (own === 'one-block' && size === blockSize)),
  );
  const ids = new Set(dimms.flatMap((device) => blocksOf(device, blockSize)));
  return blocks.filter(({id, state}) => state === 'online' && ids.has(id)).length;
}
