import type {Observation} from '../../guest/observation.ts';
import {zoneOf, type Derived} from './ledger.ts';

/** Present pages, by what online_policy=auto-movable counts them as. */
export interface Counted {
  /** In kernel zones since boot. What was plugged since gives no room for ZONE_MOVABLE. */
  readonly kernel: number;
  /** In ZONE_MOVABLE, and CMA's in kernel zones. */
  readonly movable: number;
}

/** Address range of a DIMM, in bytes, and its node. */
export interface DimmRange {
  readonly address: number;
  readonly size: number;
  readonly node: number;
  /** Are its blocks one memory group, which is judged as a whole? `false`: each block is judged by itself. */
  readonly grouped?: boolean;
}

/**
 * What auto-movable counts, in the whole system or on one node. It holds while there is no virtio-mem, whose memory
 * is counted by device. Source: auto_movable_stats_account_zone() in mm/memory_hotplug.c, since 5.15.
 */
export function counted(now: Observation, node?: number): Derived<Counted> {
  const zones = now.zones.filter((zone) => node === undefined || zone.node === node);
  const present = (movable: boolean): number =>
    zones.filter(({name}) => (name === 'Movable') === movable).reduce((sum, zone) => sum + zone.present, 0);
  const plugged = pagesOnline(
    now,
    now.vmm.devices.filter((device) => node === undefined || device.node === node),
    false,
  );
  const cma = zones.filter(({name}) => name !== 'Movable').reduce((sum, zone) => sum + (zone.cma ?? 0), 0);
  return {
    value: {kernel: present(false) - plugged - cma, movable: present(true) + cma},
    because:
      `${node === undefined ? 'all nodes' : `node ${node}`}: ${present(false)} pages present in kernel ` +
      (`zones − ${plugged} of plugged memory${cma > 0 ? ` − ${cma} of CMA` : ''}; ${present(true)} present ` +
        `in ZONE_MOVABLE${cma > 0 ? ` + ${cma} of CMA` : ''}`),
  };
}

/** Pages of devices' blocks that are online in ZONE_MOVABLE, or in kernel zones. */
const pagesOnline = (now: Observation, devices: readonly DimmRange[], movable: boolean): number => {
  const isOf = (start: number): boolean =>
    devices.some(({address, size}) => address <= start && start < address + size);
  const blocks = now.blocks.filter(
    (block) => isOf(block.id * now.blockSize) && block.state === 'online' && (zoneOf(block) === 'Movable') === movable,
  );
  return (blocks.length * now.blockSize) / now.page;
};

/** Where the whole system, and a DIMM's node if asked, would stand with all of the DIMM, or one block, in ZONE_MOVABLE. */
function wanted(now: Observation, dimm: DimmRange, numaAware: boolean): Derived<Counted>[] {
  const isGroup = dimm.grouped ?? true;
  const pending = isGroup ? dimm.size / now.page - pagesOnline(now, [dimm], true) : now.blockSize / now.page;
  const what = isGroup ? 'the DIMM' : 'the block';
  return [undefined, ...(numaAware ? [dimm.node] : [])].map((node) => {
    const {
      value: {kernel, movable},
      because,
    } = counted(now, node);
    return {value: {kernel, movable: movable + pending}, because: `${because}, + ${pending} that ${what} would bring`};
  });
}

/**
 * The zone that plain `online` chooses now for a block of a DIMM, with online_policy=auto-movable and this ratio in
 * percent. A DIMM that is a memory group is one: Movable if all of it has room there, and Normal for the rest if any of
 * it is in a kernel zone. Source: auto_movable_zone_for_pfn() in mm/memory_hotplug.c, since 5.15.
 */
export function autoMovableZone(
  now: Observation,
  dimm: DimmRange,
  ratio: number,
  numaAware = true,
): Derived<'Movable' | 'Normal'> {
  if (ratio === 0) return {value: 'Normal', because: 'a ratio of 0 allows no ZONE_MOVABLE'};
  if ((dimm.grouped ?? true) && pagesOnline(now, [dimm], false) > 0)
    return {value: 'Normal', because: 'a block of the same DIMM is online in a kernel zone'};
  const scopes = wanted(now, dimm, numaAware).map(({value: {kernel, movable}, because}) => {
    const limit = Math.floor((ratio * kernel) / 100);
    return {
      fits: kernel > 0 && movable <= limit,
      because: `${because}: ${movable} against ${ratio}% of ${kernel} = ${limit}`,
    };
  });
  return {
    value: scopes.every(({fits}) => fits) ? 'Movable' : 'Normal',
    because: scopes.map(({because}) => because).join('; '),
  };
}

/** The smallest ratio in percent at which a DIMM without a block in a kernel zone still fits into ZONE_MOVABLE. */
export function smallestRatio(now: Observation, dimm: DimmRange, numaAware = true): Derived<number> {
  const scopes = wanted(now, dimm, numaAware).map(({value: {kernel, movable}, because}) => {
    const ratio = Math.ceil((movable * 100) / kernel);
    return {ratio, because: `${because}: ${movable} of ${kernel} is ${ratio}%, rounded up`};
  });
  return {value: Math.max(...scopes.map(({ratio}) => ratio)), because: scopes.map(({because}) => because).join('; ')};
}
