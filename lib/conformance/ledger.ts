import type {BlockView} from '../guest/blocks.ts';
import type {MemoryDevice, Observation} from '../guest/observation.ts';
import {formatSize} from '../util/size.ts';

/** A number that a reader can follow: the value, and how it comes about. */
export interface Derived<T> {
  readonly value: T;
  readonly because: string;
}

/** Base pages of every guest so far: 4 KiB. */
export const PAGE = 4096;

/** The zone that manages an online block; undefined where it is offline or several zones share it (`none`). */
export const zoneOf = (block: BlockView): string | undefined =>
  block.state === 'online' && block.validZones.length === 1 && block.validZones[0] !== 'none' ? block.validZones[0] : undefined;

/** Ids of the blocks that lie wholly inside a device. */
export function blocksOf({address, size}: Pick<MemoryDevice, 'address' | 'size'>, blockSize: number): number[] {
  const first = Math.ceil(address / blockSize);
  const end = Math.floor((address + size) / blockSize);
  return Array.from({length: Math.max(0, end - first)}, (_, i) => first + i);
}

const online = (observation: Observation): Set<number> =>
  new Set(observation.blocks.filter(({state}) => state === 'online').map(({id}) => id));

/** MemTotal in KiB: the first observation's, and one block size for each block that was onlined or offlined since. */
export function expectedMemTotal(first: Observation, now: Observation): Derived<number> {
  const [before, after] = [online(first), online(now)];
  const onlined = [...after].filter((id) => !before.has(id)).length;
  const offlined = [...before].filter((id) => !after.has(id)).length;
  const blockKiB = first.blockSize / 1024;
  const base = first.meminfo['MemTotal'] ?? 0;
  return {
    value: base + (onlined - offlined) * blockKiB,
    because: `${base} kB at first + ${onlined} blocks onlined − ${offlined} offlined, ${blockKiB} kB (${formatSize(first.blockSize)}) each`,
  };
}

/** Present pages by zone: the first observation's, and a block's pages for each block that a zone gained or lost. */
export function expectedPresent(first: Observation, now: Observation): Derived<Record<string, number>> {
  const perBlock = first.blockSize / PAGE;
  const gained = count(now);
  const had = count(first);
  const value = Object.fromEntries(
    first.zones.map((zone) => {
      const key = `node ${zone.node} ${zone.name}`;
      return [key, zone.present + perBlock * ((gained.get(key) ?? 0) - (had.get(key) ?? 0))];
    }),
  );
  return {value, because: `present pages at first, and ${perBlock} pages for each block that valid_zones moved into or out of a zone since`};
}

function count(observation: Observation): Map<string, number> {
  const counts = new Map<string, number>();
  for (const block of observation.blocks) {
    const zone = zoneOf(block);
    if (zone === undefined) continue;
    const key = `node ${block.nodes[0] ?? 0} ${zone}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Ids of all blocks that must exist: boot memory's, and those of the devices that the guest took. */
export function expectedBlocks(first: Observation, now: Observation, taken: ReadonlySet<string>): Derived<number[]> {
  const fromDevices = new Set(first.qemu.devices.flatMap((device) => blocksOf(device, first.blockSize)));
  const boot = first.blocks.map(({id}) => id).filter((id) => !fromDevices.has(id));
  const devices = now.qemu.devices.filter(({id}) => taken.has(id));
  return {
    value: [...new Set([...boot, ...devices.flatMap((device) => blocksOf(device, first.blockSize))])].sort((a, b) => a - b),
    because: `${boot.length} blocks of boot memory, and the address ranges that QEMU gives for ${devices.map(({id}) => id).join(', ') || 'no device'}, in blocks of ${formatSize(first.blockSize)}`,
  };
}
