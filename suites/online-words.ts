// The words that a block's file `online` takes: kstrtobool() of lib/kstrtox.c looks at the first letter, of on and off
// at two.
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';

interface Words {
  readonly yes: readonly string[];
  readonly no: readonly string[];
  /** Where the kernel takes them; a kernel without that refuses them. */
  readonly taken?: Need;
  readonly refused?: Need;
}

const SINCE: Readonly<Record<string, Words>> = {
  words: {
    yes: ['1', 'y', 'Y', 'yes', 'on', 'ON', 'oN', 'online', 'online_kernel', 'online_movable', '1 0', '10'],
    no: ['0', 'n', 'N', 'no', 'off', 'OFF', 'offline', '0 1', '01'],
  },
  // 0d6ea3ac94ca
  'words-true-false': {yes: ['t', 'T', 'true'], no: ['f', 'F', 'false'], taken: 'kernel>=5.18', refused: 'kernel<5.18'},
  // "enabled" and "disabled"
  'words-enabled': {
    yes: ['e', 'E', 'enabled'],
    no: ['d', 'D', 'disabled'],
    taken: 'kernel>=6.14',
    refused: 'kernel<6.14',
  },
};

const CLAIMS = ['linux/online/file-words', 'linux/online/file'];
const quoted = (words: readonly string[]): string => words.map((word) => JSON.stringify(word)).join(', ');

for (const [name, {yes, no, taken, refused}] of Object.entries(SINCE)) {
  conformance(
    `online/file-${name}`,
    {
      title:
        `The file online takes ${quoted(yes)} for a plain online, whatever zone a word may name, and ` +
        `${quoted(no)} for offline`,
      claims: CLAIMS,
      needs: ['device:dimm', 'memory-hotremove', ...(taken ? [taken] : [])],
      seconds: 60,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const up = await guest.plugDimm({size: guest.inBlocks(yes.length)});
      for (const [i, word] of yes.entries()) {
        const block = up.blocks[i] ?? guest.block(0);
        const [zone = 'nothing'] = block.validZones;
        const {errno} = await block.write('online', word);
        t.is(
          {errno, state: block.state, zones: block.validZones},
          {errno: 'none', state: 'online', zones: [zone]},
          `after ${JSON.stringify(word)}`,
          `a plain online: the zone that valid_zones named first, ${zone}`,
        );
      }
      // A Movable block, so that nothing in it keeps it.
      const down = (await guest.plugDimm({size: guest.inBlocks(1)})).blocks[0] ?? guest.block(0);
      for (const word of no) {
        await down.online('online_movable');
        const {errno} = await down.write('online', word);
        t.is({errno, state: down.state}, {errno: 'none', state: 'offline'}, `after ${JSON.stringify(word)}`);
      }
    },
  );

  if (refused) {
    conformance(
      `online/file-${name}-refused`,
      {
        title: `The file online refuses ${quoted([...yes, ...no])}, which later kernels take, and nothing changes`,
        claims: [...CLAIMS, 'linux/online/failure-unchanged'],
        needs: ['device:dimm', refused],
      },
      async ({t, guest}) => {
        await guest.setPolicy('offline');
        const block = (await guest.plugDimm({size: guest.inBlocks(1)})).blocks[0] ?? guest.block(0);
        const before = guest.now;
        for (const word of [...yes, ...no])
          t.is((await block.write('online', word)).errno, 'EINVAL', `error when ${JSON.stringify(word)} is written`);
        guest.expectUnchanged(before, 'after words that it does not know');
      },
    );
  }
}

const NEVER = [' 1', ' 0', '\t1', '', 'o', 'x', '2', '-1', '+1', 'movable', '_on'];

conformance(
  'online/file-words-never',
  {
    title: `The file online refuses ${quoted(NEVER)}: a space in front is part of a word, and nothing changes`,
    claims: [...CLAIMS, 'linux/online/failure-unchanged'],
    needs: ['device:dimm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await dimm.blocks[0]?.online('online_movable');
    const before = guest.now;
    for (const block of dimm.blocks) {
      for (const word of NEVER)
        t.is(
          (await block.write('online', word)).errno,
          'EINVAL',
          `${block.name}, ${block.state}: error when ${JSON.stringify(word)} is written`,
        );
    }
    guest.expectUnchanged(before, 'after words that it does not know');
  },
);
