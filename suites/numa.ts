// NUMA: a DIMM belongs to the node that it is plugged into.
import {GiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {memoryAffinities} from '../lib/conformance/expected/srat.ts';

const NUMA = ['device:dimm', 'numa'] as const;

/** Present pages of a node's zones that plugged memory can be in. */
const present = (guest: CaseGuest, node: number): {Normal: number; Movable: number} => {
  const of = (name: string): number =>
    guest.now.zones.find((zone) => zone.node === node && zone.name === name)?.present ?? 0;
  return {Normal: of('Normal'), Movable: of('Movable')};
};

const links = (guest: CaseGuest, dimm: Dimm): string[] =>
  dimm.blocks.map(
    ({id, name}) => `${name} to node${guest.view(id).nodes.join(',')}, from node${guest.view(id).linkedFrom.join(',')}`,
  );

conformance(
  'numa/at-boot',
  {
    title: 'The guest has the two nodes that its machine has, each with memory',
    claims: ['qemu/numa/node'],
    needs: ['memory-hotplug', 'config:CONFIG_NUMA'],
    machine: 'q35-two-nodes',
  },
  ({t, guest}) => {
    const {nodeMasks} = guest.now;
    t.is(
      [nodeMasks['possible'], nodeMasks['has_memory']],
      ['0-1', '0-1'],
      'nodes that are possible, and that have memory',
      `${guest.machine.nodes.length} nodes on QEMU's command line`,
    );
    return Promise.resolve();
  },
);

for (const node of [0, 1]) {
  conformance(
    `numa/dimm-on-node-${node}`,
    {
      title:
        `A DIMM plugged with node=${node} is on node ${node}: its blocks and the node link to each other, ` +
        `and its memory counts there alone`,
      claims: ['qemu/numa/node', 'linux/sysfs/node-links', 'linux/online/counted'],
      needs: NUMA,
      machine: 'q35-two-nodes',
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const {nodeTotals} = guest.now;
      const boot = [present(guest, 0), present(guest, 1)];
      const dimm = await guest.plugDimm({size: guest.inBlocks(2), node});
      t.is(dimm.device.node, node, 'its node as QEMU has it');
      t.is(
        links(guest, dimm),
        dimm.blocks.map(({name}) => `${name} to node${node}, from node${node}`),
        'links between its blocks and the nodes',
      );
      t.is(guest.now.nodeTotals, nodeTotals, 'MemTotal of the nodes while it is offline', 'as before');
      const [first, second] = dimm.blocks;
      await first?.online('online_movable');
      await second?.online('online_kernel');
      t.is(
        guest.now.nodeTotals,
        {...nodeTotals, [node]: (nodeTotals[node] ?? 0) + dimm.size / 1024},
        'MemTotal of the nodes with it online',
        'the DIMM more on its own node',
      );
      const pages = guest.pagesOf(guest.blockSize);
      t.is(
        [present(guest, 0), present(guest, 1)],
        boot.map(({Normal, Movable}, one) =>
          one === node ? {Normal: Normal + pages, Movable: Movable + pages} : {Normal, Movable},
        ),
        'present pages of Normal and Movable on each node',
        "as at boot, and a block each of the DIMM's",
      );
    },
  );
}

conformance(
  'numa/one-dimm-each',
  {
    title: "DIMMs on two nodes don't mix: one goes while the other stays, and without both the nodes are as before",
    claims: ['qemu/numa/node', 'linux/remove/blocks-gone'],
    needs: [...NUMA, 'memory-hotremove'],
    machine: 'q35-two-nodes',
  },
  async ({t, guest}) => {
    await guest.setPolicy('online_movable');
    const before = guest.now;
    const [zero, one] = [
      await guest.plugDimm({size: guest.inBlocks(1), node: 0}),
      await guest.plugDimm({size: guest.inBlocks(2), node: 1}),
    ];
    await zero.unplug();
    t.is(
      guest.now.nodeTotals,
      {...before.nodeTotals, 1: (before.nodeTotals[1] ?? 0) + one.size / 1024},
      'MemTotal of the nodes without the DIMM on node 0',
      'node 1 has the other one more than at boot',
    );
    t.is(
      links(guest, one),
      one.blocks.map(({name}) => `${name} to node1, from node1`),
      "links between the other one's blocks and the nodes",
    );
    await one.unplug();
    guest.expectUnchanged(before, 'without both DIMMs');
  },
);

conformance(
  'numa/empty-node',
  {
    title:
      'A node without memory gets it with its first DIMM and loses it with the last; it has normal memory ' +
      'just while a block is in a kernel zone',
    claims: ['qemu/numa/node', 'linux/sysfs/node-links'],
    needs: [...NUMA, 'memory-hotremove'],
    machine: 'q35-empty-node',
  },
  async ({t, guest}) => {
    const masks = (): (string | undefined)[] =>
      ['possible', 'has_memory', 'has_normal_memory'].map((name) => guest.now.nodeMasks[name]);
    await guest.setPolicy('offline');
    const before = guest.now;
    t.is(masks(), ['0-1', '0', '0'], 'nodes that are possible, have memory, have normal memory at boot');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2), node: 1});
    t.is(
      links(guest, dimm),
      dimm.blocks.map(({name}) => `${name} to node1, from node1`),
      'links between its blocks and the node',
    );
    t.is(masks(), ['0-1', '0', '0'], 'the same with a DIMM that is offline');
    const [first, second] = dimm.blocks;
    await first?.online('online_movable');
    t.is(masks(), ['0-1', '0-1', '0'], 'the same with a block in ZONE_MOVABLE');
    await second?.online('online_kernel');
    t.is(masks(), ['0-1', '0-1', '0-1'], 'the same with another block in Normal');
    await dimm.offline();
    t.is(masks(), ['0-1', '0', '0'], 'the same with both offline again');
    await dimm.unplug();
    guest.expectUnchanged(before, 'after the unplug');
  },
);

conformance(
  'numa/srat',
  {
    title:
      "The firmware tells the guest of each node's boot memory and of a range on the last node in which " +
      'memory can appear',
    claims: ['qemu/numa/node'],
    needs: ['memory-hotplug', 'numa', 'acpi'],
    machine: 'q35-two-nodes',
  },
  async ({t, guest}) => {
    const ranges = await memoryAffinities(guest);
    const sizeOf = (node: number): number =>
      ranges.filter((range) => range.node === node && !range.hotplug).reduce((sum, {size}) => sum + size, 0);
    const {nodes, slots, maxmem, ram} = guest.machine;
    t.is(
      nodes.map((_size, node) => sizeOf(node)),
      nodes.map((size, node) => (node === 0 ? size - guest.board.legacyHole : size)),
      'bytes of boot memory that the SRAT gives each node',
      'as on the command line, on a PC without the 384 KiB from 640 KiB on, which are the graphics ' +
        "card's and the firmware's",
    );
    t.is(
      ranges.filter(({hotplug}) => hotplug),
      [{node: 1, start: guest.board.deviceMemory, size: maxmem - ram + slots * GiB, hotplug: true}],
      'its ranges for hotplug',
      'maxmem less boot memory, and 1 GiB for each slot to align a DIMM in',
    );
  },
);
