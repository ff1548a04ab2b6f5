import {MiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {bytesMissing, offeredZones, zonesMeeting} from '../lib/conformance/expected/zones.ts';

/** The offline block's valid_zones is what the spans of the zones say, and plain `online` chooses its first column. */
async function onlineAsPredicted(t: Checks, guest: CaseGuest, block: MemoryBlock, expected: string[]): Promise<void> {
  const spans = zonesMeeting(guest.now, block.id).join(', ') || 'no zone';
  t.is(
    offeredZones(guest.now, block.id),
    expected,
    `the rule of contig-zones for ${block.name}`,
    `its page frames lie within the span of ${spans}`,
  );
  t.is(
    block.validZones,
    expected,
    `${block.name}: valid_zones while offline`,
    'first the zone that plain online chooses now, then the other',
  );
  await block.online('online');
  t.is(
    block.validZones,
    expected.slice(0, 1),
    `${block.name}: valid_zones after plain online`,
    'the first column of before',
  );
}

/** Plugs a DIMM of three blocks, all offline. */
async function threeBlocks(guest: CaseGuest): Promise<[MemoryBlock, MemoryBlock, MemoryBlock]> {
  await guest.setPolicy('offline');
  const {
    blocks: [low, middle, high],
  } = await guest.plugDimm({size: guest.inBlocks(3)});
  if (!low || !middle || !high) throw new Error('the DIMM was plugged with three blocks');
  return [low, middle, high];
}

conformance(
  'online/zones-of-boot-memory',
  {
    title: 'valid_zones of every online block names the zone whose span meets it, or none where several do',
    claims: ['linux/valid-zones/online', 'linux/valid-zones/none'],
    needs: ['memory-hotplug'],
  },
  ({t, guest}) => {
    const {now} = guest;
    const expected = now.blocks.map(({id}) => {
      const zones = zonesMeeting(now, id);
      return `memory${id} ${zones.length === 1 ? zones.join() : 'none'}`;
    });
    t.is(
      now.blocks.map(({id, validZones}) => `memory${id} ${validZones.join(' ')}`),
      expected,
      "valid_zones of the boot memory's blocks",
      'derived from start_pfn and spanned of /proc/zoneinfo',
    );
    const {lowestZoneEnd} = guest.board;
    if (lowestZoneEnd % guest.blockSize !== 0) {
      const shared = guest.block(Math.floor(lowestZoneEnd / guest.blockSize));
      t.is(
        shared.validZones,
        ['none'],
        `valid_zones of memory${shared.id}`,
        `the lowest zone ends at ${lowestZoneEnd / MiB} MiB, in the middle of it`,
      );
    }
    return Promise.resolve();
  },
);

conformance(
  'online/zones-above-movable',
  {
    title: 'A block that only touches ZONE_MOVABLE still offers Normal first',
    claims: ['linux/zones/contiguous-spans', 'linux/valid-zones/offline'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    const [low, middle] = await threeBlocks(guest);
    await low.online('online_movable');
    await onlineAsPredicted(t, guest, middle, ['Normal', 'Movable']);
  },
);

conformance(
  'online/zones-inside-movable',
  {
    title: 'A block in a hole of ZONE_MOVABLE offers Movable first, and plain online chooses it',
    claims: ['linux/zones/contiguous-spans', 'linux/valid-zones/offline'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    const [low, middle, high] = await threeBlocks(guest);
    await low.online('online_movable');
    await high.online('online_movable');
    await onlineAsPredicted(t, guest, middle, ['Movable', 'Normal']);
  },
);

conformance(
  'online/zones-inside-normal',
  {
    title: 'A block in a hole of ZONE_NORMAL offers Normal first, and plain online chooses it',
    claims: ['linux/zones/contiguous-spans', 'linux/valid-zones/offline'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    const [low, middle, high] = await threeBlocks(guest);
    await low.online('online_kernel');
    await high.online('online_kernel');
    await onlineAsPredicted(t, guest, middle, ['Normal', 'Movable']);
  },
);

conformance(
  'online/zones-inside-both',
  {
    title: 'A block within the spans of both Normal and Movable offers Normal first',
    claims: ['linux/zones/contiguous-spans', 'linux/valid-zones/offline'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const {
      blocks: [a, b, middle, d, e],
    } = await guest.plugDimm({size: guest.inBlocks(5)});
    for (const block of [a, d]) await block?.online('online_movable');
    for (const block of [b, e]) await block?.online('online_kernel');
    if (middle) await onlineAsPredicted(t, guest, middle, ['Normal', 'Movable']);
  },
);

conformance(
  'online/zones-shrink',
  {
    title:
      'A zone shrinks when the block at its end goes offline, so that the block before it offers Normal first again',
    claims: ['linux/zones/contiguous-spans', 'linux/valid-zones/offline', 'linux/offline/hidden'],
    needs: ['device:dimm', 'memory-hotremove', 'kernel>=5.0'],
  },
  async ({t, guest}) => {
    const [low, middle, high] = await threeBlocks(guest);
    await low.online('online_movable');
    const before = guest.now;
    await high.online('online_movable');
    t.is(middle.validZones, ['Movable', 'Normal'], `${middle.name}: valid_zones between two Movable blocks`);
    await high.offline();
    guest.expectUnchanged(before, 'after the upper block was onlined and offlined');
    await onlineAsPredicted(t, guest, middle, ['Normal', 'Movable']);
  },
);

conformance(
  'online/zones-none',
  {
    title: 'A block that several zones share reads none and refuses to go offline with EINVAL; nothing changes',
    claims: ['linux/valid-zones/none', 'linux/offline/failure-unchanged'],
    needs: ['memory-hotplug', 'memory-hotremove', 'mixed-block'],
  },
  async ({t, guest}) => {
    const before = guest.now;
    const block = guest.firstBlock;
    t.is(
      zonesMeeting(before, 0),
      ['DMA', 'DMA32'],
      'zones whose spans meet memory0',
      '/proc/zoneinfo: DMA ends at 16 MiB',
    );
    t.is(block.validZones, ['none'], 'valid_zones of memory0');
    t.is((await block.write('state', 'offline')).errno, 'EINVAL', 'error when offline is written to state');
    t.is((await block.write('online', '0')).errno, 'EINVAL', 'error when 0 is written to online');
    guest.expectUnchanged(before, 'after refused offlining');
    t.fact('bytes of memory0 that are not System RAM', bytesMissing(before, 0));
  },
);
