import type {OnlineWord} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {pagesPerBlock, zone} from '../lib/conformance/expected/zones.ts';

/** Ways to online a block plainly: the file, and what is written to it. */
const PLAIN = {state: 'online', file: '1'} as const;

for (const [name, word] of Object.entries(PLAIN)) {
  const file = name === 'state' ? 'state' : 'online';
  conformance(
    `online/${name}`,
    {
      title: `Writing ${word} to ${file} onlines a block, into the zone that valid_zones named first`,
      claims: [`linux/online/${name}`, 'linux/valid-zones/offline', 'linux/state/values'],
      needs: ['device:dimm'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
      for (const block of dimm.blocks) {
        const [first = 'nothing'] = block.validZones;
        const {present} = zone(guest.now, first);
        t.is((await block.write(file, word)).errno, 'none', `${block.name}: error when ${word} is written to ${file}`);
        t.is(
          {state: block.state, online: await block.read('online')},
          {state: 'online', online: '1'},
          `${block.name}: state and online`,
        );
        t.is(block.validZones, [first], `${block.name}: valid_zones`, `its first column was ${first} before`);
        t.is(
          zone(guest.now, first).present,
          present + pagesPerBlock(guest.now),
          `${block.name}: present pages of zone ${first}`,
          `${present} before + ${pagesPerBlock(guest.now)} of a block`,
        );
      }
    },
  );
}

conformance(
  'online/movable',
  {
    title: 'online_movable puts every block of a plugged DIMM into ZONE_MOVABLE',
    claims: ['linux/online/movable', 'linux/valid-zones/online'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.memTotal;
    const dimm = await guest.plugDimm({size: guest.inBlocks(4)});
    await dimm.online('online_movable');
    for (const {name, validZones} of dimm.blocks) t.is(validZones, ['Movable'], `${name}: valid_zones`);
    const pages = dimm.blocks.length * pagesPerBlock(guest.now);
    t.is(
      zone(guest.now, 'Movable').managed,
      pages,
      'managed pages of zone Movable',
      `it was empty; ${dimm.blocks.length} blocks of ${pagesPerBlock(guest.now)} pages`,
    );
    t.is(
      guest.memTotal,
      before + dimm.size / 1024,
      'MemTotal grows by exactly the DIMM',
      `${before} kB + ${dimm.size / 1024} kB`,
    );
  },
);

conformance(
  'online/kernel',
  {
    title:
      'online_kernel puts every block of a plugged DIMM into a kernel zone: Normal, where boot memory ends below 4 GiB',
    claims: ['linux/online/kernel', 'linux/valid-zones/online'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = zone(guest.now, 'Normal').managed;
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    for (const block of dimm.blocks) {
      await block.online('online_kernel');
      t.is(
        block.validZones,
        ['Normal'],
        `${block.name}: valid_zones`,
        'the DIMM lies above 4 GiB, where neither DMA nor DMA32 reaches',
      );
    }
    t.is(
      zone(guest.now, 'Normal').managed,
      before + 2 * pagesPerBlock(guest.now),
      'managed pages of zone Normal',
      `${before} before + 2 blocks of ${pagesPerBlock(guest.now)} pages`,
    );
  },
);

conformance(
  'online/mixed',
  {
    title: 'The blocks of one DIMM can be onlined into different zones',
    claims: ['linux/online/kernel', 'linux/online/movable', 'linux/valid-zones/online'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(4)});
    const words: OnlineWord[] = ['online_movable', 'online_kernel', 'online_movable', 'online_kernel'];
    for (const [i, block] of dimm.blocks.entries()) await block.online(words[i]);
    t.is(
      dimm.blocks.map(({validZones}) => validZones.join(' ')),
      ['Movable', 'Normal', 'Movable', 'Normal'],
      'valid_zones of the four blocks',
      'one word each; since 4.13 a zone may have holes',
    );
  },
);

conformance(
  'online/counted',
  {
    title: 'A block that is onlined is counted: in MemTotal, in its node, in its zone and in the free memory',
    claims: ['linux/online/counted'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const before = guest.now;
    const block = guest.block(dimm.blockIds[0] ?? 0);
    await block.online('online_movable');
    const {now} = guest;
    const [kib, pages] = [now.blockSize / 1024, pagesPerBlock(now)];
    t.is(
      guest.memTotal,
      (before.meminfo['MemTotal'] ?? 0) + kib,
      'MemTotal',
      `${before.meminfo['MemTotal'] ?? 0} kB before + ${kib} kB of a block`,
    );
    t.is(
      now.nodeTotals[0],
      (before.nodeTotals[0] ?? 0) + kib,
      'MemTotal of node 0',
      `${before.nodeTotals[0] ?? 0} kB before + ${kib} kB of a block`,
    );
    const {present, managed, free} = zone(now, 'Movable');
    t.is(
      {present, managed},
      {present: pages, managed: pages},
      'present and managed pages of zone Movable',
      `the zone was empty, a block has ${pages}`,
    );
    // Only pages of processes and files can be in ZONE_MOVABLE, so it has at least what they leave of it.
    const used = ['Active', 'Inactive', 'Unevictable'].reduce((sum, name) => sum + (now.meminfo[name] ?? 0), 0) / 4;
    t.atLeast(
      free,
      pages - used,
      'free pages of zone Movable',
      `${pages} of the block − ${used} pages of processes and files in the whole guest`,
    );
  },
);
