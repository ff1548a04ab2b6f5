// auto_movable_ratio: how much goes to ZONE_MOVABLE, to the block.
import {TiB} from '../lib/conformance/expected/units.ts';
import {autoMovable, COLUMNS, crosses, crossesAt, offers, zonesOf} from '../lib/conformance/expected/auto-movable.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import {readParameter, setParameters} from '../lib/conformance/guest/parameters.ts';
import {autoMovableZone, counted, smallestRatio} from '../lib/conformance/expected/policy-ledger.ts';
import {zone} from '../lib/conformance/expected/zones.ts';

const NEEDS = ['device:dimm', 'kernel>=5.15'] as const;

for (const [size, count] of Object.entries({'128m': 1, '256m': 2, '640m': 5})) {
  conformance(
    `policy/ratio-${size}`,
    {
      title:
        `A DIMM of ${count} blocks goes to ZONE_MOVABLE at the smallest ratio whose share of the boot memory's ` +
        `present pages holds it, and to Normal at one percent less`,
      claims: ['linux/policy/auto-movable', 'linux/policy/present-pages'],
      needs: [...NEEDS, 'memory-hotremove', ...(count > 1 ? (['memory-group'] as const) : [])],
    },
    async ({t, guest}) => {
      await autoMovable(guest);
      const dimm = await guest.plugDimm({size: guest.inBlocks(count)});
      const ratio = await crosses(t, guest, dimm, 'alone');
      await dimm.online('online');
      t.is(
        zonesOf(dimm),
        dimm.blocks.map(() => 'Movable'),
        `zones after plain online at ${ratio}%`,
      );
      await dimm.offline();
      await setParameters(guest, {auto_movable_ratio: ratio - 1});
      await dimm.online('online');
      t.is(
        zonesOf(dimm),
        dimm.blocks.map(() => 'Normal'),
        `zones after plain online at ${ratio - 1}%`,
      );
    },
  );
}

conformance(
  'policy/ratio-sequence',
  {
    title: 'DIMM after DIMM is onlined to ZONE_MOVABLE until the ratio is used up, and to Normal from then on',
    claims: ['linux/policy/auto-movable', 'linux/policy/normal-dimm-gives-no-credit'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const three = smallestRatio(guest.now, {address: TiB, size: 3 * guest.blockSize, node: 0});
    await setParameters(guest, {auto_movable_ratio: three.value});
    await guest.setPolicy('online');
    const dimms: Dimm[] = [];
    for (const expected of ['Movable', 'Movable', 'Movable', 'Normal', 'Normal']) {
      dimms.push(await guest.plugDimm({size: guest.inBlocks(1)}));
      t.is(
        zonesOf(...dimms.slice(-1)),
        [expected],
        `zone of DIMM ${dimms.length} of one block`,
        `at ${three.value}%, the smallest ratio for three blocks: ${three.because}`,
      );
    }
    t.is(zonesOf(...dimms), ['Movable', 'Movable', 'Movable', 'Normal', 'Normal'], 'zones of all of them at the end');
  },
);

conformance(
  'policy/ratio-default',
  {
    title:
      'The default of 301% takes three times the boot memory into ZONE_MOVABLE; 300% does so only where all of ' +
      'its pages are present',
    claims: ['linux/policy/ratio-default', 'linux/policy/auto-movable'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    t.is(await readParameter(guest, 'auto_movable_ratio'), '301', 'auto_movable_ratio of the untouched guest');
    const boot = counted(guest.now).value.kernel;
    const thrice = 3 * guest.pagesOf(guest.now.vmm.base);
    await guest.setPolicy('online');
    await setParameters(guest, {online_policy: 'auto-movable'});
    const blocks = thrice / guest.pagesOf(guest.blockSize);
    const most = await guest.plugDimm({id: 'most', size: guest.inBlocks(blocks - 1)});
    t.is(new Set(zonesOf(most)), ['Movable'], 'zones of three times the boot RAM but one block');
    await guest.setPolicy('offline');
    const last = await guest.plugDimm({id: 'last', size: guest.inBlocks(1)});
    await setParameters(guest, {auto_movable_ratio: 300});
    offers(t, guest, last, 300, thrice > 3 * boot ? 'Normal' : 'Movable', 'at 300%');
    await setParameters(guest, {auto_movable_ratio: 301});
    offers(t, guest, last, 301, 'Movable', 'at 301%');
    await last.online('online');
    t.is(
      zone(guest.now, 'Movable').present * guest.now.page,
      3 * guest.now.vmm.base,
      'bytes present in ZONE_MOVABLE',
      'three times the boot RAM that QEMU gives',
    );
    // Where more than the boot RAM is present (arm64's flash), 301% hold more than three times the boot RAM.
    const spare = Math.floor((Math.floor(3.01 * boot) - thrice) / guest.pagesOf(guest.blockSize));
    if (spare > 0) await (await guest.plugDimm({id: 'spare', size: guest.inBlocks(spare)})).online('online_movable');
    const more = await guest.plugDimm({id: 'more', size: guest.inBlocks(1)});
    offers(t, guest, more, 301, 'Normal', 'with three times the boot memory plugged');
  },
);

conformance(
  'policy/ratio-zero',
  {
    title: 'With a ratio of 0 auto-movable never chooses ZONE_MOVABLE, not even between Movable blocks',
    claims: ['linux/policy/auto-movable'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    await autoMovable(guest, 0);
    const dimm = await guest.plugDimm({size: guest.inBlocks(3)});
    offers(t, guest, dimm, 0, 'Normal', 'alone');
    const [low, middle, high] = dimm.blocks;
    for (const block of [low, high]) await block?.online('online_movable');
    t.is(
      middle?.validZones,
      ['Normal', 'Movable'],
      'valid_zones of a block between Movable ones',
      'a ratio of 0 is asked before anything else',
    );
    await middle?.online('online');
    t.is(middle?.validZones, ['Normal'], 'its zone after plain online');
  },
);

conformance(
  'policy/ratio-largest',
  {
    title: 'The largest ratio that the parameter takes counts without overflowing: everything fits into ZONE_MOVABLE',
    claims: ['linux/policy/auto-movable', 'linux/params/writable'],
    needs: NEEDS,
  },
  async ({t, guest}) => {
    await autoMovable(guest, 2 ** 32 - 1);
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    offers(t, guest, dimm, 2 ** 32 - 1, 'Movable', `at ${2 ** 32 - 1}%`);
  },
);

conformance(
  'policy/ratio-by-hand',
  {
    title: 'Memory that was put into ZONE_MOVABLE by hand uses up the ratio as well',
    claims: ['linux/policy/auto-movable', 'linux/policy/present-pages'],
    needs: [...NEEDS, 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const byHand = await guest.plugDimm({size: guest.inBlocks(2)});
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    const alone = await crosses(t, guest, dimm, 'while the other DIMM is offline');
    await byHand.online('online_movable');
    offers(t, guest, dimm, alone, 'Normal', 'with the other DIMM in ZONE_MOVABLE');
    await crosses(t, guest, dimm, 'beside the other DIMM');
    await byHand.offline();
    await crossesAt(t, guest, dimm, alone, 'after the other DIMM went offline again');
  },
);

conformance(
  'policy/ratio-unplug',
  {
    title: 'Unplugging a DIMM from ZONE_MOVABLE makes room for another one there',
    claims: ['linux/policy/auto-movable'],
    needs: [...NEEDS, 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const first = await guest.plugDimm({id: 'first', size: guest.inBlocks(1)});
    const ratio = await crosses(t, guest, first, 'alone');
    await guest.setPolicy('online');
    await first.online('online');
    const second = await guest.plugDimm({id: 'second', size: guest.inBlocks(1)});
    t.is(
      zonesOf(first, second),
      ['Movable', 'Normal'],
      'zones of both DIMMs',
      `a ratio of ${ratio}% holds one of them`,
    );
    await first.unplug();
    const third = await guest.plugDimm({id: 'third', size: guest.inBlocks(1)});
    t.is(
      zonesOf(second, third),
      ['Normal', 'Movable'],
      'zones after the first one was replaced',
      'the one in Normal stays where it is',
    );
  },
);

conformance(
  'policy/dimm-whole',
  {
    title: 'A DIMM whose blocks would fit only in part goes to Normal as a whole; a smaller one still fits',
    claims: ['linux/policy/dimm-all-or-nothing'],
    needs: [...NEEDS, 'memory-group'],
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const small = await guest.plugDimm({id: 'small', size: guest.inBlocks(2)});
    const ratio = await crosses(t, guest, small, 'alone');
    const large = await guest.plugDimm({id: 'large', size: guest.inBlocks(3)});
    offers(t, guest, large, ratio, 'Normal', `at ${ratio}%, which holds two of its three blocks`);
    await guest.setPolicy('online');
    const automatic = await guest.plugDimm({id: 'automatic', size: guest.inBlocks(3)});
    t.is(
      zonesOf(automatic),
      ['Normal', 'Normal', 'Normal'],
      'zones of a DIMM of three blocks that is onlined automatically',
    );
    await small.online('online');
    t.is(zonesOf(small), ['Movable', 'Movable'], 'zones of the DIMM of two blocks');
  },
);

conformance(
  'policy/dimm-mixed-by-hand',
  {
    title: 'While one block of a DIMM is Normal, auto-movable puts the rest of it there too, and no other DIMM',
    claims: ['linux/policy/dimm-all-or-nothing'],
    needs: [...NEEDS, 'memory-group'],
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(3)});
    const other = await guest.plugDimm({id: 'other', size: guest.inBlocks(1)});
    offers(t, guest, dimm, 301, 'Movable', 'while all of it is offline');
    const [low, middle, high] = dimm.blocks;
    await low?.online('online_kernel');
    t.is(
      zonesOf(dimm),
      ['Normal', COLUMNS.Normal, COLUMNS.Normal],
      'valid_zones with the lowest block in Normal',
      autoMovableZone(guest.now, dimm.device, 301).because,
    );
    offers(t, guest, other, 301, 'Movable', 'a DIMM of its own');
    for (const block of [high, middle]) await block?.online('online');
    await other.online('online');
    t.is(
      zonesOf(dimm, other),
      ['Normal', 'Normal', 'Normal', 'Movable'],
      'zones of both DIMMs after plain online of what was offline',
    );
  },
);

conformance(
  'policy/dimm-pending',
  {
    title:
      'The rest of a DIMM that is partly in ZONE_MOVABLE needs no more than the DIMM: the ratio counts no block twice',
    claims: ['linux/policy/dimm-all-or-nothing', 'linux/policy/auto-movable'],
    needs: [...NEEDS, 'memory-group'],
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(3)});
    const ratio = await crosses(t, guest, dimm, 'offline');
    for (const [i, block] of dimm.blocks.entries()) {
      t.is(
        block.validZones,
        ['Movable', 'Normal'],
        `valid_zones of ${block.name}, with ${i} blocks online`,
        autoMovableZone(guest.now, dimm.device, ratio).because,
      );
      await block.online('online');
      t.is(block.validZones, ['Movable'], `zone of ${block.name}`);
    }
  },
);

conformance(
  'policy/normal-no-credit',
  {
    title: 'A DIMM in Normal allows no other DIMM to go to ZONE_MOVABLE: the smallest ratio for it stays the same',
    claims: ['linux/policy/normal-dimm-gives-no-credit'],
    needs: [...NEEDS, 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const dimm = await guest.plugDimm({id: 'dimm', size: guest.inBlocks(4)});
    const alone = await crosses(t, guest, dimm, 'alone');
    const normal = await guest.plugDimm({id: 'normal', size: guest.inBlocks(8)});
    await normal.online('online_kernel');
    await crossesAt(
      t,
      guest,
      dimm,
      alone,
      'beside plugged memory in Normal, of which half that ratio would be enough if it counted',
    );
  },
);
