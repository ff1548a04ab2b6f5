// The whole life of a DIMM by every door, in every order, and many times.
import type {MemoryBlock} from '../lib/conformance/guest/block.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {shuffled} from '../lib/conformance/expected/order.ts';

const ONLINE = {state: 'online_movable', online: '1'} as const;
const OFFLINE = {state: 'offline', online: '0'} as const;

for (const via of ['qmp', 'hmp'] as const) {
  for (const up of ['state', 'online'] as const) {
    for (const down of ['state', 'online'] as const) {
      conformance(
        `cycle/${via}-${up}-${down}`,
        {
          title:
            `Plugged by ${via.toUpperCase()}, onlined by ${up}, offlined by ${down}, unplugged by ` +
            `${via.toUpperCase()}, twice: each time the machine is as before`,
          claims: [
            'linux/remove/blocks-gone',
            `linux/online/${up === 'state' ? 'state' : 'file'}`,
            `linux/offline/${down === 'state' ? 'state' : 'file'}`,
            'qemu/hotplug/two-commands',
            'qemu/unplug/supported',
          ],
          needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu'],
        },
        async ({t, guest}) => {
          await guest.setPolicy('offline');
          const before = guest.now;
          for (const round of ['first', 'second']) {
            const dimm = await guest.plugDimm({size: guest.inBlocks(4), via});
            const plugged = guest.now;
            const [first, ...inner] = dimm.blocks;
            const last = inner.pop();
            for (const end of [first, last]) await end?.online('online_movable');
            for (const block of inner)
              t.is(
                (await block.write(up, ONLINE[up])).errno,
                'none',
                `${round} round, ${block.name}: error when ${ONLINE[up]} is written to ${up}`,
              );
            t.is(
              dimm.blocks.map(({state, validZones}) => `${state} ${validZones.join(' ')}`),
              dimm.blocks.map(() => 'online Movable'),
              `${round} round: its blocks when onlined`,
              'the first and the last by online_movable; those between lie in the span of Movable then, so ' +
                'a plain online puts them there too',
            );
            for (const block of dimm.blocks.reverse())
              t.is(
                (await block.write(down, OFFLINE[down])).errno,
                'none',
                `${round} round, ${block.name}: error when ${OFFLINE[down]} is written to ${down}`,
              );
            guest.expectUnchanged(plugged, `${round} round, when offline again`);
            await dimm.unplug(via);
            guest.expectUnchanged(before, `${round} round, when unplugged`);
          }
        },
      );
    }
  }
}

/** Orders in which the blocks of a DIMM can be worked off. */
const ORDERS: Readonly<Record<string, (blocks: MemoryBlock[], seed: number) => MemoryBlock[]>> = {
  ascending: (blocks) => blocks,
  descending: (blocks) => blocks.toReversed(),
  shuffled,
};

for (const [name, order] of Object.entries(ORDERS)) {
  conformance(
    `cycle/order-${name}`,
    {
      title: `The eight blocks of a DIMM can be onlined to Movable, and offlined again, in ${name} order`,
      claims: ['linux/online/any-order', 'linux/online/movable', 'linux/zones/contiguous-spans'],
      needs: ['device:dimm', 'memory-hotremove'],
    },
    async ({t, guest}) => {
      const seed = name === 'shuffled' ? 20_261 : 0;
      t.fact('seed', seed);
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(8)});
      const plugged = guest.now;
      const done = new Set<number>();
      for (const block of order(dimm.blocks, seed)) {
        await block.online('online_movable');
        done.add(block.id);
        t.is(
          dimm.blocks
            .filter(({state}) => state === 'online')
            .map(({id, validZones}) => `${id} ${validZones.join(' ')}`),
          [...done].sort((a, b) => a - b).map((id) => `${id} Movable`),
          `blocks online after ${block.name}`,
        );
        const [low, high] = [Math.min(...done), Math.max(...done)];
        const movable = guest.now.zones.find((zone) => zone.name === 'Movable' && zone.present > 0);
        const pages = guest.pagesOf(guest.blockSize);
        t.is(
          {startPfn: movable?.startPfn, spanned: movable?.spanned},
          {startPfn: low * pages, spanned: (high + 1 - low) * pages},
          `span of zone Movable after ${block.name}`,
          `from the lowest online block, memory${low}, to the end of the highest, memory${high}`,
        );
      }
      for (const block of order(dimm.blocks, seed + 1)) await block.offline();
      guest.expectUnchanged(plugged, 'after all were offlined again');
    },
  );
}

conformance(
  'cycle/ten-rounds',
  {
    title:
      'Ten rounds of plug, online, offline, unplug leave no trace: not a block, not a page of a zone, not a ' +
      'page of memory map',
    claims: ['linux/remove/blocks-gone', 'linux/add/metadata-cost'],
    needs: ['device:dimm', 'memory-hotremove'],
    seconds: 60,
  },
  async ({t, guest}) => {
    const memmap = async (): Promise<string> =>
      (await guest.sh('grep ^nr_memmap_pages /proc/vmstat || echo not counted before 6.11')).trim();
    await guest.setPolicy('offline');
    const [before, pages] = [guest.now, await memmap()];
    for (let round = 1; round <= 10; round++) {
      const dimm = await guest.plugDimm({size: guest.inBlocks(4)});
      await dimm.online('online_movable');
      t.is(
        dimm.blocks.map(({validZones}) => validZones.join(' ')),
        dimm.blocks.map(() => 'Movable'),
        `zones of its blocks in round ${round}`,
      );
      await dimm.offline();
      await dimm.unplug();
      guest.expectUnchanged(before, `after round ${round}`);
    }
    t.is(await memmap(), pages, 'pages of memory maps (nr_memmap_pages) after ten rounds');
  },
);
