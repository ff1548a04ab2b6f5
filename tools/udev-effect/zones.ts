import type {Explained} from './calls.ts';
import type {Look} from './looks.ts';

/**
 * The zone that `online` chooses for a block: default_zone_for_pfn() of mm/memory_hotplug.c with contig-zones and
 * without movable_node. A zone reaches from its first to its last block; a block that lies within one of Normal and
 * Movable alone goes there, any other to Normal.
 */
export function zoneByDefault(block: number, before: Look, after: Look, earlier: readonly Explained[]): string {
  const inZone = new Map<number, string>();
  for (const [
    name,
    {
      state,
      zones: [zone, ...others],
    },
  ] of before.blocks) {
    if (state === 'online' && zone !== undefined && others.length === 0) inZone.set(numberOf(name), zone);
  }
  for (const {
    call: {block: name},
    what,
  } of earlier) {
    const zone = after.blocks.get(name)?.zones[0];
    if (what === 'offline') inZone.delete(numberOf(name));
    else if (zone !== undefined) inZone.set(numberOf(name), zone);
  }
  const within = (zone: string): boolean => {
    const blocks = [...inZone].filter(([, one]) => one === zone).map(([id]) => id);
    return blocks.some((id) => id <= block) && blocks.some((id) => id >= block);
  };
  return within('Movable') && !within('Normal') ? 'Movable' : 'Normal';
}

const numberOf = (name: string): number => Number(name.replace('memory', ''));
