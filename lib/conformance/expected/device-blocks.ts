import type {Observation} from '../../guest/observation.ts';
import type {MemoryDevice} from '../../vmm/vmm.ts';

/** Ids of the blocks that lie wholly inside a device. */
export function blocksOf({address, size}: Pick<MemoryDevice, 'address' | 'size'>, blockSize: number): number[] {
  const first = Math.ceil(address / blockSize);
  const end = Math.floor((address + size) / blockSize);
  return Array.from({length: Math.max(0, end - first)}, (_, i) => first + i);
}

/** Is it memory that is no RAM by itself, of a part of which the guest may make RAM (dax/kmem)? */
export const isPersistent = ({type}: Pick<MemoryDevice, 'type'>): boolean =>
  type === 'virtio-pmem' || type === 'nvdimm';

/**
 * Ids of the memory blocks that a device has in the guest: a DIMM all of its range, virtio-mem and persistent memory
 * those that are there now.
 */
export function blocksIn(
  device: MemoryDevice,
  {blocks, blockSize}: Pick<Observation, 'blocks' | 'blockSize'>,
): number[] {
  if (!device.resizable && !isPersistent(device)) return blocksOf(device, blockSize);
  const range = new Set(rangeOf(device, blockSize));
  return blocks.map(({id}) => id).filter((id) => range.has(id));
}

/** Ids of all blocks that a device may ever have. */
export const rangeOf = (
  {address, size, resizable}: Pick<MemoryDevice, 'address' | 'size' | 'resizable'>,
  blockSize: number,
): number[] => blocksOf({address, size: resizable?.max ?? size}, blockSize);

/**
 * Bytes of a device that are the guest's System RAM: a DIMM all of it, of virtio-mem its blocks, plugged wholly or in
 * part, of persistent memory as well.
 */
export const bytesIn = (device: MemoryDevice, now: Observation): number =>
  device.resizable || isPersistent(device) ? blocksIn(device, now).length * now.blockSize : device.size;

/**
 * The blocks that a virtio-mem device must have at least: those that are there, and more where they can't hold what is
 * plugged; none where nothing is.
 */
export function blocksNeeded(device: MemoryDevice, now: Observation): number[] {
  const there = blocksIn(device, now);
  const fewest = Math.ceil(device.size / now.blockSize);
  if (fewest === 0) return [];
  const lacking = rangeOf(device, now.blockSize)
    .filter((id) => !there.includes(id))
    .slice(0, Math.max(0, fewest - there.length));
  return [...there, ...lacking];
}

/**
 * Bytes of virtio-mem's online blocks that aren't plugged. The driver tells nobody which part of which block is; where
 * all blocks are online or all are plugged wholly there is one answer, else the unplugged rest can be in the offline
 * ones.
 */
export function unpluggedOnline(now: Observation): {least: number; most: number} {
  const sum = {least: 0, most: 0};
  for (const device of now.vmm.devices.filter(({resizable}) => resizable)) {
    const ids = new Set(blocksIn(device, now));
    const online = now.blocks.filter(({id, state}) => ids.has(id) && state === 'online').length * now.blockSize;
    const offline = ids.size * now.blockSize - online;
    sum.least += online - Math.min(online, device.size);
    sum.most += online - Math.max(0, device.size - offline);
  }
  return sum;
}
