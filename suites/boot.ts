// What the kernel command line says of memory before the guest is up.
import {MiB} from '../lib/conformance/expected/units.ts';
import {autoMovable, crosses, offers} from '../lib/conformance/expected/auto-movable.ts';
import {bootMovable, movableNow, type CoreSizes} from '../lib/conformance/expected/boot-zones.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance, type CaseHead} from '../lib/conformance/runner/case.ts';
import {configPolicy} from '../lib/conformance/expected/config-policy.ts';
import {setParameters} from '../lib/conformance/guest/parameters.ts';

const TWO_NODES = 'q35-two-nodes';

/** memhp_default_state by row: what the blocks of a DIMM are then. */
const STATES = [
  {
    word: 'offline',
    boot: boots.movableNode,
    blocks: 'offline Movable Normal',
    why: 'offline; movable_node, on the same command line, lets Movable come first',
  },
  {
    word: 'online',
    boot: boots.ownMemmap,
    blocks: 'online Normal',
    why: 'no zone contains the DIMM, so contig-zones chooses Normal',
  },
  {
    word: 'online_kernel',
    boot: boots.autoMovable,
    blocks: 'online Normal',
    why: 'the kernel zone there is Normal, whatever the online_policy',
  },
  {word: 'online_movable', boot: boots.ownMemmapForced, blocks: 'online Movable', why: 'ZONE_MOVABLE is asked for'},
] as const;

for (const {word, boot, blocks, why} of STATES) {
  conformance(
    `boot/default-state-${word.replace('_', '-')}`,
    {
      title:
        `memhp_default_state=${word} on the command line sets auto_online_blocks, and a DIMM's blocks ` +
        `come up ${blocks}`,
      claims: ['linux/auto/memhp-default-state', 'linux/auto/readable'],
      needs: ['device:dimm'],
      boot,
    },
    async ({t, guest}) => {
      t.is(
        await guest.read('auto_online_blocks'),
        word,
        'auto_online_blocks',
        "memhp_default_state= on the kernel's command line",
      );
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
      t.is(
        dimm.blocks.map(({state, validZones}) => [state, ...validZones].join(' ')),
        [blocks, blocks],
        "state and valid_zones of the DIMM's blocks",
        why,
      );
      await guest.setPolicy('offline');
      await guest.setPolicy(word);
    },
  );
}

conformance(
  'boot/default-state-unknown',
  {
    title:
      "A word that memhp_default_state= doesn't know is ignored: auto_online_blocks is what the kernel was built with",
    claims: ['linux/auto/memhp-default-state', 'linux/auto/default'],
    needs: ['device:dimm', 'kernel-config'],
    boot: boots.unknownWords,
  },
  async ({t, guest}) => {
    const built = configPolicy(guest.facts.config ?? {});
    t.is(
      await guest.read('auto_online_blocks'),
      built,
      'auto_online_blocks',
      "the kernel's config; the command line says onlin, which is a part of online",
    );
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    t.is(
      dimm.blocks.map(({state}) => state),
      [built === 'offline' ? 'offline' : 'online'],
      "state of a DIMM's block",
    );
  },
);

conformance(
  'boot/no-movable',
  {
    title: 'All boot memory is in the kernel zones and ZONE_MOVABLE is empty where nothing asks for it',
    claims: ['linux/movable/boot-default'],
    needs: ['memory-hotplug'],
  },
  ({t, guest}) => {
    t.is(movableNow(guest.now), [], 'zones named Movable that have memory');
    t.is(
      guest.now.blocks.filter(({validZones}) => validZones.includes('Movable')).map(({id}) => `memory${id}`),
      [],
      'blocks whose valid_zones names Movable',
    );
    return Promise.resolve();
  },
);

/** kernelcore and movablecore by row. */
const CORES: readonly (Pick<CaseHead, 'boot' | 'machine' | 'claims'> & {id: string; says: string; sizes: CoreSizes})[] =
  [
    {
      id: 'kernelcore-size',
      boot: boots.autoMovable,
      says: 'kernelcore=512M leaves what exceeds it',
      sizes: {kernelcore: {bytes: 512 * MiB}},
      claims: ['linux/movable/kernelcore'],
    },
    {
      id: 'kernelcore-percent',
      boot: boots.unknownWords,
      says: 'kernelcore=60% leaves the rest',
      sizes: {kernelcore: {percent: 60}},
      claims: ['linux/movable/kernelcore'],
    },
    {
      id: 'movablecore-percent',
      boot: boots.ownMemmapForced,
      says: 'movablecore=25% gives that much',
      sizes: {movablecore: {percent: 25}},
      claims: ['linux/movable/movablecore'],
    },
    {
      id: 'cores-on-two-nodes',
      boot: boots.bothCores,
      machine: TWO_NODES,
      says:
        'kernelcore=300M with movablecore=400M, which leaves the kernel more, shares the kernel memory ' +
        'evenly among two nodes and gives the rest of each',
      sizes: {kernelcore: {bytes: 300 * MiB}, movablecore: {bytes: 400 * MiB}},
      claims: ['linux/movable/kernelcore', 'linux/movable/movablecore'],
    },
  ];

for (const {id, says, sizes, ...head} of CORES) {
  conformance(
    `boot/${id}`,
    {
      title: `${says} of the boot memory to ZONE_MOVABLE, to the page`,
      needs: ['memory-hotplug', 'arch:amd64'],
      ...head,
    },
    ({t, guest}) => {
      const ends = head.machine === TWO_NODES ? [guest.pagesOf(512 * MiB), Infinity] : [Infinity];
      const {value, because} = bootMovable(guest.now, sizes, guest.board, ends);
      t.is(value.length, ends.length, 'nodes that have a ZONE_MOVABLE, by the ledger', because);
      t.is(movableNow(guest.now), value, 'first page frame and present pages of ZONE_MOVABLE, by node', because);
      return Promise.resolve();
    },
  );
}

conformance(
  'boot/kernelcore-counts',
  {
    title: 'Boot memory in ZONE_MOVABLE counts as movable for auto-movable, and not as kernel memory',
    claims: ['linux/policy/auto-movable', 'linux/policy/present-pages'],
    needs: ['device:dimm', 'kernel>=5.15'],
    boot: boots.autoMovable,
  },
  async ({t, guest}) => {
    await autoMovable(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await crosses(t, guest, dimm, 'beside Movable boot memory');
    await setParameters(guest, {auto_movable_ratio: 100});
    offers(t, guest, dimm, 100, 'Normal', 'at 100%, which half of the boot memory uses up by itself');
  },
);
