// movable_node: the kernel command line changes what contig-zones chooses.
import {autoMovable, offers} from '../lib/conformance/expected/auto-movable.ts';
import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {setParameters} from '../lib/conformance/guest/parameters.ts';
import {offeredZones, zone, zonesMeeting} from '../lib/conformance/expected/zones.ts';

/** The block's first column, by the rule of contig-zones with movable_node, and where plain online puts it. */
async function takes(
  t: Checks,
  guest: CaseGuest,
  block: MemoryBlock | undefined,
  expected: 'Movable' | 'Normal',
): Promise<void> {
  if (!block) throw new Error('the DIMM has too few blocks');
  const spans = zonesMeeting(guest.now, block.id).join(', ') || 'no zone';
  const columns = offeredZones(guest.now, block.id, {movableNode: true});
  const wanted = expected === 'Movable' ? ['Movable', 'Normal'] : ['Normal', 'Movable'];
  t.is(
    {rule: columns, block: block.validZones},
    {rule: wanted, block: wanted},
    `${block.name}: zones by the rule of movable_node, and valid_zones while offline`,
    `its page frames lie within the span of ${spans}`,
  );
  await block.online('online');
  t.is(block.validZones, [expected], `${block.name}: valid_zones after plain online`, 'the first column of before');
}

/** What the blocks around one are onlined to, from the lowest up; `-` is the one in question. */
const ROWS = [
  {id: 'nothing', around: ['-'], zone: 'Movable', where: 'that no zone contains goes to ZONE_MOVABLE'},
  {
    id: 'movable',
    around: ['online_movable', '-', 'online_movable'],
    zone: 'Movable',
    where: 'between two in ZONE_MOVABLE goes there',
  },
  {
    id: 'normal',
    around: ['online_kernel', '-', 'online_kernel'],
    zone: 'Normal',
    where: 'between two in ZONE_NORMAL goes there, so that the zone stays contiguous',
  },
  {
    id: 'both',
    around: ['online_movable', 'online_kernel', '-', 'online_movable', 'online_kernel'],
    zone: 'Movable',
    where: 'within both Normal and Movable goes to ZONE_MOVABLE',
  },
] as const;

for (const {id, around, zone: expected, where} of ROWS) {
  conformance(
    `boot/movable-node-${id}`,
    {
      title: `With movable_node a plugged block ${where}`,
      claims: ['linux/policy/movable-node', 'linux/valid-zones/offline'],
      needs: ['device:dimm'],
      boot: boots.movableNode,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const {blocks} = await guest.plugDimm({size: guest.inBlocks(around.length)});
      for (const [i, word] of around.entries()) if (word !== '-') await blocks[i]?.online(word);
      await takes(t, guest, blocks[around.indexOf('-')], expected);
    },
  );
}

conformance(
  'boot/movable-node-auto-online',
  {
    title:
      'With movable_node a DIMM that is onlined automatically, with no zone named, goes to ZONE_MOVABLE, ' +
      "and one with online_kernel doesn't",
    claims: ['linux/policy/movable-node', 'linux/policy/plain-only'],
    needs: ['device:dimm'],
    boot: boots.movableNode,
  },
  async ({t, guest}) => {
    for (const [policy, expected] of [
      ['online', 'Movable'],
      ['online_kernel', 'Normal'],
    ] as const) {
      await guest.setPolicy(policy);
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
      t.is(
        dimm.blocks.map(({validZones}) => validZones),
        [[expected], [expected]],
        `zones of the DIMM's blocks with auto_online_blocks=${policy}`,
      );
    }
  },
);

conformance(
  'boot/movable-node-boot-memory',
  {
    title: "With movable_node boot memory that the firmware doesn't call hotpluggable stays in the kernel zones",
    claims: ['linux/policy/movable-node', 'linux/movable/boot-default'],
    needs: ['memory-hotplug'],
    boot: boots.movableNode,
  },
  ({t, guest}) => {
    t.is(
      zone(guest.now, 'Movable').present,
      0,
      'pages present in ZONE_MOVABLE at boot',
      "QEMU's SRAT calls only the range of the DIMMs hotpluggable, and no DIMM is plugged",
    );
    return Promise.resolve();
  },
);

conformance(
  'boot/movable-node-ignored',
  {
    title: 'auto-movable ignores movable_node: the ratio alone decides, and contig-zones obeys it again afterwards',
    claims: ['linux/policy/ignores-movable-node'],
    needs: ['device:dimm', 'kernel>=5.15'],
    boot: boots.movableNode,
  },
  async ({t, guest}) => {
    await autoMovable(guest, 0);
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    offers(t, guest, dimm, 0, 'Normal', 'with a ratio of 0');
    await setParameters(guest, {auto_movable_ratio: 301});
    offers(t, guest, dimm, 301, 'Movable', 'with the default ratio');
    await setParameters(guest, {auto_movable_ratio: 0, online_policy: 'contig-zones'});
    t.is(
      dimm.blocks.map(({validZones}) => validZones.join(' ')),
      ['Movable Normal', 'Movable Normal'],
      'valid_zones with contig-zones',
      'no zone contains the blocks, and movable_node is set',
    );
    await setParameters(guest, {online_policy: 'auto-movable'});
    await dimm.online('online');
    t.is(
      dimm.blocks.map(({validZones}) => validZones.join(' ')),
      ['Normal', 'Normal'],
      'zones after plain online with auto-movable and a ratio of 0',
    );
  },
);
