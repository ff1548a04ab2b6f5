// online_policy: which zone the kernel chooses where nobody names one.
import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {setParameters} from '../lib/conformance/guest/parameters.ts';
import {offeredZones} from '../lib/conformance/expected/zones.ts';

const NEEDS = ['device:dimm', 'kernel>=5.15'] as const;
const NORMAL = ['Normal', 'Movable'];
const MOVABLE = ['Movable', 'Normal'];
/** More than any DIMM here asks for: 1 GiB of boot memory allows 3 GiB of ZONE_MOVABLE. */
const AMPLE = 301;

/** Plugs a DIMM of three blocks, all offline. */
async function threeBlocks(guest: CaseGuest): Promise<[MemoryBlock, MemoryBlock, MemoryBlock]> {
  await guest.setPolicy('offline');
  const {
    blocks: [low, middle, high],
  } = await guest.plugDimm({size: guest.inBlocks(3)});
  if (!low || !middle || !high) throw new Error('a DIMM of three blocks has three blocks');
  return [low, middle, high];
}

/** What may lie around the middle one of three blocks, and what contig-zones and auto-movable then choose for it. */
const SURROUNDINGS = [
  {
    id: 'nothing',
    around: undefined,
    contig: 'Normal',
    auto: 'Movable',
    why: 'no zone contains it, and there is room in ZONE_MOVABLE',
  },
  {
    id: 'movable',
    around: 'online_movable',
    contig: 'Movable',
    auto: 'Movable',
    why: 'ZONE_MOVABLE contains it, and there is room there',
  },
  {
    id: 'normal',
    around: 'online_kernel',
    contig: 'Normal',
    auto: 'Normal',
    why: 'ZONE_NORMAL contains it, and blocks of the same DIMM are in that zone',
  },
] as const;

for (const {id, around, contig, auto, why} of SURROUNDINGS) {
  for (const policy of ['contig-zones', 'auto-movable'] as const) {
    const zone = policy === 'contig-zones' ? contig : auto;
    conformance(
      `policy/${policy}-${id}`,
      {
        title:
          `With online_policy=${policy} a block ` +
          `${around ? `between two that are ${around === 'online_movable' ? 'Movable' : 'Normal'}` : 'that lies in no zone'} offers ${zone} first, and plain online chooses it`,
        claims: [
          `linux/policy/${policy === 'contig-zones' ? 'contig-zones' : 'auto-movable'}`,
          'linux/valid-zones/offline',
        ],
        needs: policy === 'auto-movable' && auto === 'Normal' ? [...NEEDS, 'memory-group'] : NEEDS,
      },
      async ({t, guest}) => {
        await setParameters(guest, {auto_movable_ratio: AMPLE, online_policy: policy});
        const [low, middle, high] = await threeBlocks(guest);
        if (around) for (const block of [low, high]) await block.online(around);
        const because =
          policy === 'contig-zones'
            ? `by the spans of /proc/zoneinfo: ${offeredZones(guest.now, middle.id).join(' ')}`
            : why;
        t.is(
          middle.validZones,
          zone === 'Movable' ? MOVABLE : NORMAL,
          `${middle.name}: valid_zones while offline`,
          because,
        );
        await middle.online('online');
        t.is(middle.validZones, [zone], `${middle.name}: valid_zones after plain online`, 'the first column of before');
      },
    );
  }
}

conformance(
  'policy/switch',
  {
    title: 'A change of online_policy changes the first column of every offline block at once, and nothing else',
    claims: ['linux/policy/auto-movable', 'linux/policy/contig-zones', 'linux/params/writable'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    const blocks = await threeBlocks(guest);
    const columns = (): readonly string[][] => blocks.map(({validZones}) => [...validZones]);
    const before = guest.now;
    for (let round = 0; round < 3; round++) {
      await setParameters(guest, {online_policy: 'auto-movable'});
      t.is(
        columns(),
        [MOVABLE, MOVABLE, MOVABLE],
        'valid_zones with auto-movable',
        'the ratio of 301% has room for all of it',
      );
      await setParameters(guest, {online_policy: 'contig-zones'});
      t.is(columns(), [NORMAL, NORMAL, NORMAL], 'valid_zones with contig-zones again', 'no zone contains any of them');
      guest.expectUnchanged(before, 'with contig-zones again');
    }
  },
);

conformance(
  'policy/not-dynamic',
  {
    title:
      'Memory that is online stays in its zone whatever becomes of the policy and the ratio, and leaves it ' +
      'only offline',
    claims: ['linux/policy/not-dynamic'],
    needs: [...NEEDS, 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('online');
    const normal = await guest.plugDimm({size: guest.inBlocks(2)});
    await setParameters(guest, {online_policy: 'auto-movable'});
    const movable = await guest.plugDimm({size: guest.inBlocks(2)});
    const zones = (): string[] => [...normal.blocks, ...movable.blocks].map(({validZones}) => validZones.join(' '));
    const expected = ['Normal', 'Normal', 'Movable', 'Movable'];
    t.is(
      zones(),
      expected,
      'zones of the two DIMMs',
      'the first was plugged with contig-zones, the second with auto-movable',
    );
    for (const values of [
      {auto_movable_ratio: 0},
      {online_policy: 'contig-zones'},
      {auto_movable_ratio: AMPLE, online_policy: 'auto-movable'},
    ]) {
      const before = guest.now;
      await setParameters(guest, values);
      guest.expectUnchanged(before, `with ${JSON.stringify(values)}`);
      t.is(zones(), expected, `zones with ${JSON.stringify(values)}`);
    }
    await movable.offline();
    await setParameters(guest, {auto_movable_ratio: 0});
    await movable.online('online');
    t.is(
      zones(),
      ['Normal', 'Normal', 'Normal', 'Normal'],
      'zones after the second DIMM went offline and online with a ratio of 0',
      'onlining chooses anew',
    );
  },
);

/** The ways to have a block onlined without naming its zone. */
const PLAIN = ['online to state', '1 to online', 'by auto_online_blocks=online'] as const;
for (const way of PLAIN) {
  conformance(
    `policy/plain-${way === PLAIN[0] ? 'state' : way === PLAIN[1] ? 'online-file' : 'auto-online'}`,
    {
      title: `online_policy decides the zone of blocks onlined ${way.startsWith('by') ? way : `by writing ${way}`}`,
      claims: ['linux/policy/auto-movable', 'linux/policy/contig-zones', 'linux/policy/plain-only'],
      needs: [...NEEDS, 'memory-hotremove'],
    },
    async ({t, guest}) => {
      await guest.setPolicy(way === PLAIN[2] ? 'online' : 'offline');
      for (const [policy, zone] of [
        ['contig-zones', 'Normal'],
        ['auto-movable', 'Movable'],
      ] as const) {
        await setParameters(guest, {online_policy: policy});
        const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
        for (const block of way === PLAIN[2] ? [] : dimm.blocks) {
          const {errno} = way === PLAIN[0] ? await block.write('state', 'online') : await block.write('online', '1');
          t.require(errno, 'none', `error when ${block.name} is onlined`);
        }
        t.is(
          dimm.blocks.map(({validZones}) => validZones),
          [[zone], [zone]],
          `zones of the DIMM's blocks with ${policy}`,
        );
      }
    },
  );
}

/** Words that name a zone, and a ratio with which auto-movable would choose the other one. */
const NAMED = [
  {word: 'online_kernel', zone: 'Normal', ratio: AMPLE, other: MOVABLE},
  {word: 'online_movable', zone: 'Movable', ratio: 0, other: NORMAL},
] as const;
for (const {word, zone, ratio, other} of NAMED) {
  conformance(
    `policy/explicit-${word.replace('online_', '')}`,
    {
      title: `${word} goes to ${zone}, by hand and automatically, where auto-movable itself would choose ${other[0]}`,
      claims: ['linux/policy/plain-only', word === 'online_kernel' ? 'linux/online/kernel' : 'linux/online/movable'],
      needs: NEEDS,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      await setParameters(guest, {online_policy: 'auto-movable', auto_movable_ratio: ratio});
      const byHand = await guest.plugDimm({size: guest.inBlocks(2)});
      t.is(
        byHand.blocks.map(({validZones}) => validZones),
        [other, other],
        'valid_zones of the offline blocks',
        `auto-movable with a ratio of ${ratio}%`,
      );
      await byHand.online(word);
      await guest.setPolicy(word);
      const automatic = await guest.plugDimm({size: guest.inBlocks(2)});
      t.is(
        [...byHand.blocks, ...automatic.blocks].map(({validZones}) => validZones),
        [[zone], [zone], [zone], [zone]],
        'zones of both DIMMs',
      );
    },
  );
}
