import type {BlockView} from '../../guest/blocks.ts';
import type {Observation} from '../../guest/observation.ts';
import {formatSize} from '../../util/size.ts';
import {blocksIn, blocksNeeded, blocksOf, isPersistent, unpluggedOnline} from './device-blocks.ts';
import {blocksWithOwnMemmap, memmapOf, type OwnMemmap} from './memmap.ts';

/** A number that a reader can follow: the value, and how it comes about. */
export interface Derived<T> {
  readonly value: T;
  readonly because: string;
}

/** The zone that manages an online block; undefined where it is offline or several zones share it (`none`). */
export const zoneOf = (block: BlockView): string | undefined =>
  block.state === 'online' && block.validZones.length === 1 && block.validZones[0] !== 'none'
    ? block.validZones[0]
    : undefined;

const online = (observation: Observation): Set<number> =>
  new Set(observation.blocks.filter(({state}) => state === 'online').map(({id}) => id));

/**
 * MemTotal in KiB: the first observation's, and one block size for each block that was onlined or offlined since,
 * without what virtio-mem hasn't plugged of it and without a memmap that it holds itself.
 */
export function expectedMemTotal(first: Observation, now: Observation, own: OwnMemmap = 'none'): Derived<number> {
  const [before, after] = [online(first), online(now)];
  const onlined = [...after].filter((id) => !before.has(id)).length;
  const offlined = [...before].filter((id) => !after.has(id)).length;
  const blockKiB = first.blockSize / 1024;
  const base = first.meminfo['MemTotal'] ?? 0;
  const hosting = blocksWithOwnMemmap(now, own) - blocksWithOwnMemmap(first, own);
  const memmapKiB = memmapOf(first) / 1024;
  const whole = base + (onlined - offlined) * blockKiB - hosting * memmapKiB + unpluggedOnline(first).least / 1024;
  const {least, most} = unpluggedOnline(now);
  const holes = Math.min(most / 1024, Math.max(least / 1024, whole - (now.meminfo['MemTotal'] ?? 0)));
  return {
    value: whole - holes,
    because:
      `${base} kB at first + ${onlined} blocks onlined − ${offlined} offlined, ${blockKiB} kB ` +
      (`(${formatSize(first.blockSize)}) ` +
        `each${most > 0 ? `, without the ${least === most ? '' : `${formatSize(least)} to `}${formatSize(most)} that virtio-mem hasn't plugged` : ''}${own === 'none' ? '' : `, less ${memmapKiB} kB in each of ${hosting} blocks that hold their own memmap`}`),
  };
}

/** Present pages by zone: the first observation's, and a block's pages for each block that a zone gained or lost. */
export function expectedPresent(first: Observation, now: Observation): Derived<Record<string, number>> {
  const perBlock = first.blockSize / first.page;
  const gained = count(now);
  const had = count(first);
  const value = Object.fromEntries(
    now.zones.map(({node, name}) => {
      const key = `node ${node} ${name}`;
      // a node comes with its first memory
      const present = first.zones.find((zone) => zone.node === node && zone.name === name)?.present ?? 0;
      return [key, present + perBlock * ((gained.get(key) ?? 0) - (had.get(key) ?? 0))];
    }),
  );
  return {
    value,
    because:
      `present pages at first, and ${perBlock} pages for each block that valid_zones moved into or out of ` +
      `a zone since`,
  };
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
export function expectedBlocks(first: Observation, now: Observation, accepted: ReadonlySet<string>): Derived<number[]> {
  const fromDevices = new Set(first.vmm.devices.flatMap((device) => blocksIn(device, first)));
  const boot = first.blocks.map(({id}) => id).filter((id) => !fromDevices.has(id));
  const devices = now.vmm.devices.filter(({id}) => accepted.has(id));
  return {
    value: [
      ...new Set([
        ...boot,
        ...devices.flatMap((device) =>
          device.resizable
            ? blocksNeeded(device, now)
            : isPersistent(device)
              ? blocksIn(device, now)
              : blocksOf(device, first.blockSize),
        ),
      ]),
    ].sort((a, b) => a - b),
    because:
      `${boot.length} blocks of boot memory, and the address ranges that QEMU gives for ` +
      `${devices.map(({id}) => id).join(', ') || 'no device'}, in blocks of ${formatSize(first.blockSize)}`,
  };
}
