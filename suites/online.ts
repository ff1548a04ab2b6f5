import {conformance} from '../lib/conformance/case.ts';

conformance('online/movable', {
  title: 'online_movable puts every block of a plugged DIMM into ZONE_MOVABLE',
  claims: ['linux/online/movable', 'linux/valid-zones/online'],
  needs: ['memory-hotplug'],
}, async ({t, guest}) => {
  await guest.setPolicy('offline');
  const before = guest.memTotal;
  const dimm = await guest.plugDimm({size: '1G'});
  for (const block of dimm.blocks) {
    await block.online('online_movable');
    t.is(block.validZones, ['Movable'], `${block.name}: valid_zones`);
  }
  t.is(guest.memTotal, before + dimm.size / 1024, 'MemTotal grows by exactly the DIMM', `${before} kB + ${dimm.size / 1024} kB`);
});
