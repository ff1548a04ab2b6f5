// auto_movable_numa_aware: the ratio holds for each node by itself too.
import {TiB} from '../lib/conformance/expected/units.ts';
import {autoMovable, crosses, offers, zonesOf} from '../lib/conformance/expected/auto-movable.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import {readParameter, setParameters} from '../lib/conformance/guest/parameters.ts';
import {smallestRatio} from '../lib/conformance/expected/policy-ledger.ts';

const TWO_NODES = {machine: 'q35-two-nodes', needs: ['device:dimm', 'numa', 'kernel>=5.15']} as const;

conformance(
  'policy/numa-aware',
  {
    title:
      "With auto_movable_numa_aware a DIMM must fit into its node's ratio and into the system's; without, " +
      "the system's is enough",
    claims: ['linux/policy/numa-aware'],
    ...TWO_NODES,
  },
  async ({t, guest}) => {
    t.is(await readParameter(guest, 'auto_movable_numa_aware'), 'Y', 'auto_movable_numa_aware of the untouched guest');
    await autoMovable(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(1), node: 1});
    await crosses(t, guest, dimm, 'aware of nodes');
    await setParameters(guest, {auto_movable_numa_aware: 'N'});
    const inSystem = await crosses(t, guest, dimm, 'not aware of nodes', false);
    offers(t, guest, dimm, inSystem, 'Movable', `at ${inSystem}%, not aware of nodes`, false);
    await setParameters(guest, {auto_movable_numa_aware: 'Y'});
    offers(t, guest, dimm, inSystem, 'Normal', `at ${inSystem}%, aware of nodes again`);
    await setParameters(guest, {auto_movable_numa_aware: 'N'});
    await dimm.online('online');
    t.is(new Set(zonesOf(dimm)), ['Movable'], 'zones after plain online, not aware of nodes');
  },
);

conformance(
  'policy/numa-system',
  {
    title:
      "The system's ratio refuses ZONE_MOVABLE to a DIMM on an empty node once another node has used up both shares",
    claims: ['linux/policy/numa-aware'],
    ...TWO_NODES,
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const full = await guest.plugDimm({id: 'full', size: guest.inBlocks(8), node: 0});
    await full.online('online_movable');
    const dimm = await guest.plugDimm({id: 'small', size: guest.inBlocks(1), node: 1});
    const alone = smallestRatio({...guest.now, zones: guest.now.zones.filter(({node}) => node === 1)}, dimm.device);
    await crosses(t, guest, dimm, 'with node 0 full');
    await setParameters(guest, {auto_movable_ratio: alone.value});
    offers(t, guest, dimm, alone.value, 'Normal', `at ${alone.value}%, which would do for node 1 by itself`);
  },
);

conformance(
  'policy/numa-shares',
  {
    title: 'With auto-movable each node takes its own share to ZONE_MOVABLE, DIMM after DIMM',
    claims: ['linux/policy/numa-aware', 'linux/policy/auto-movable'],
    ...TWO_NODES,
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const two = [0, 1].map((node) => smallestRatio(guest.now, {address: TiB, size: 2 * guest.blockSize, node}));
    const ratio = Math.max(...two.map(({value}) => value));
    await setParameters(guest, {auto_movable_ratio: ratio});
    await guest.setPolicy('online');
    for (const node of [0, 1]) {
      const dimms: Dimm[] = [];
      for (let i = 0; i < 3; i++)
        dimms.push(await guest.plugDimm({id: `node${node}-${i}`, size: guest.inBlocks(1), node}));
      t.is(
        zonesOf(...dimms),
        ['Movable', 'Movable', 'Normal'],
        `zones of three DIMMs of one block on node ${node}`,
        `${ratio}% hold two blocks on each node: ${two[node]?.because ?? ''}`,
      );
    }
  },
);
