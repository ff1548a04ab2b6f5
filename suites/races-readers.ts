// Readers of every file of blocks that come and go.
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import {afterwards} from '../lib/conformance/races/afterwards.ts';
import {startReaders, type Seen} from '../lib/conformance/races/readers.ts';

const NEEDS = ['device:dimm', 'memory-hotremove', 'command:perl'] as const;
const FIRST = 32; // the first DIMM begins at 4 GiB, in blocks of 128 MiB
const BLOCKS = [FIRST, FIRST + 1, FIRST + 2];
const FILES = ['online', 'phys_device', 'removable', 'state', 'valid_zones'];

/** What a file of a block can say while its DIMM is plugged, onlined to Movable and taken out. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  online: ['0\\n', '1\\n'],
  phys_device: ['0\\n'],
  removable: ['1\\n'],
  state: ['going-offline\\n', 'offline\\n', 'online\\n'],
  valid_zones: ['Movable Normal\\n', 'Movable\\n', 'Normal Movable\\n'],
  ...Object.fromEntries(
    BLOCKS.flatMap((id) => [
      [`memory${id}/phys_index`, [`${id.toString(16).padStart(8, '0')}\\n`]],
      [`memory${id}/uevent`, ['']],
    ]),
  ),
};

function judge(t: Checks, {texts, errors, killed, reads}: Seen, round: string): void {
  t.is(killed, [], `readers that were ended by a signal, ${round}`);
  t.is(
    [...texts]
      .filter(([file]) => file in TEXTS)
      .flatMap(([file, said]) => said.filter((text) => !TEXTS[file]?.includes(text)).map((text) => `${file} ${text}`)),
    [],
    `what files said that they can't say, ${round}`,
    'a block is online in Movable, offline, or on its way there; nothing else of it changes',
  );
  t.is(
    FILES.filter((file) => !texts.has(file)),
    [],
    `files that nobody could read, ${round}`,
  );
  t.is(
    errors.filter((error) => !/^\S+ (?:ENODEV|ENOENT)$|^power\/autosuspend_delay_ms EIO$/.test(error)),
    [],
    `errors of the readers other than ENODEV and ENOENT, ${round}`,
    "the block has gone, while the file was open or before that; and a device that doesn't suspend by itself has " +
      'no delay for it (EIO, drivers/base/power/sysfs.c)',
  );
  t.atLeast(reads, 1000, `files read, ${round}`, 'they read all the time');
}

for (const cpus of ['two', 'four'] as const) {
  conformance(
    `races/readers-on-${cpus}-cpus`,
    {
      title:
        `Every file of a block can be read at any time by a reader on each of ${cpus} CPUs while the block ` +
        'comes, changes and goes; what it says is so, or it has gone',
      claims: ['linux/locking/readers', 'linux/locking/removal', 'linux/sysfs/block-files'],
      needs: NEEDS,
      machine: `q35-${cpus}-cpus`,
      seconds: 90,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const before = guest.now;
      for (const round of ['first round', 'second round']) {
        // valid_zones of a block that is just being added is races/zones-at-once
        const reading = await startReaders(guest, BLOCKS, {leave: ['valid_zones']});
        const dimm = await guest.plugDimm({size: guest.inBlocks(3), address: guest.board.deviceMemory});
        await reading.all();
        await dimm.online('online_movable');
        await dimm.offline();
        await dimm.online('online_movable');
        await dimm.unplug();
        judge(t, await reading.end(), round);
        await guest.observe('when the readers have ended');
        guest.expectUnchanged(before, `without the DIMM, ${round}`);
      }
      await afterwards(t, guest);
    },
  );
}

conformance(
  'races/zones-at-once',
  {
    title: 'A reader on each of two CPUs can read valid_zones of a block as soon as it is there',
    claims: ['linux/locking/readers', 'linux/valid-zones/offline'],
    needs: NEEDS,
    machine: 'q35-two-cpus',
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const reading = await startReaders(guest, BLOCKS, {only: ['valid_zones'], urgent: true});
    await guest.plugDimm({size: guest.inBlocks(3), address: guest.board.deviceMemory});
    const {texts, killed} = await reading.end();
    t.is(killed, [], 'readers of valid_zones that were ended by a signal', 'an oops kills its reader with SIGKILL');
    t.is(
      (texts.get('valid_zones') ?? ['Normal Movable\\n']).filter((text) => text !== 'Normal Movable\\n'),
      [],
      'what valid_zones said, other than Normal Movable',
      'nobody onlines the blocks; of readers that were all killed nothing is known',
    );
  },
);
