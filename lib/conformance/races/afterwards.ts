import type {Checks} from '../verdict/checks.ts';
import type {CaseGuest} from '../guest/guest.ts';

/**
 * A normal life of a new DIMM: plug, online, offline by both files, online again, unplug while it is online. A race
 * must not have changed how that goes, and it leaves everything as it was. All of it in Movable: what the kernel puts
 * into a kernel zone may not go again.
 */
export async function afterwards(t: Checks, guest: CaseGuest): Promise<void> {
  await guest.setPolicy('offline');
  const before = guest.now;
  const dimm = await guest.plugDimm({id: 'later', size: guest.inBlocks(2)});
  t.is(
    dimm.blocks.map(({state}) => state),
    ['offline', 'offline'],
    "states of a new DIMM's blocks afterwards",
    'the policy is offline',
  );
  const [low, high] = dimm.blocks;
  await dimm.online('online_movable');
  t.is(
    dimm.blocks.map(({validZones}) => validZones.join(' ')),
    ['Movable', 'Movable'],
    'its zones when it is onlined',
  );
  await low?.write('online', '0');
  await high?.offline();
  t.is(
    dimm.blocks.map(({state}) => state),
    ['offline', 'offline'],
    'its states after 0 to the online file of one block, offline to the state of the other',
  );
  await dimm.online('online_movable');
  await dimm.unplug();
  guest.expectUnchanged(before, 'after the life of a DIMM that nobody raced for');
}
