// What users report, part seven: lsmem of util-linux, allocated against sysfs.
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {blocksAsLsmem, lsmem, sysrootWithout} from '../lib/conformance/guest/lsmem.ts';

const HEAD = {
  needs: ['device:dimm', 'numa', 'command:lsmem'] as const,
  machine: 'q35-large-blocks',
  boot: boots.largeBlocks,
};

conformance(
  'field/lsmem',
  {
    title:
      'lsmem says of each block what its files say: state, removable, node and zones, also beside blocks ' +
      'that several zones share',
    claims: ['field/lsmem/agrees'],
    ...HEAD,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '4G'});
    await dimm.blocks[1]?.online('online_movable');
    t.is(
      await lsmem(guest),
      blocksAsLsmem(guest),
      'blocks as lsmem lists them',
      'their files in sysfs; it joins the zones of an offline block by a slash',
    );
  },
);

conformance(
  'field/lsmem-without-memory0',
  {
    title:
      'lsmem tells the zones of all blocks where there is no memory0, too, as on machines whose memory begins higher',
    claims: ['field/lsmem/agrees'],
    ...HEAD,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: '4G'});
    await dimm.blocks[1]?.online('online_movable');
    const root = await sysrootWithout(guest, 'memory0');
    t.is(
      await lsmem(guest, root),
      blocksAsLsmem(guest).filter((one) => !one.startsWith('memory0 ')),
      'blocks as lsmem lists them',
      'the same files but those of memory0',
    );
  },
);
