// What the kernel tells of blocks that come and go, and what a write to uevent makes it say.
import {conformance} from '../lib/conformance/runner/case.ts';
import {listen, told} from '../lib/conformance/udev/uevents.ts';

conformance(
  'plug/node-links',
  {
    title: 'A plugged block and its node link to each other while it is there, and nothing is left when it is gone',
    claims: ['linux/sysfs/node-links'],
    needs: ['device:dimm', 'numa'],
  },
  async ({t, guest}) => {
    const links = async (): Promise<string[]> =>
      (await guest.sh('cd /sys/devices/system/node/node0 && ls -1d memory[0-9]*')).trim().split('\n').sort();
    await guest.setPolicy('offline');
    const before = await links();
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    t.is(
      await links(),
      [...before, ...dimm.blocks.map(({name}) => name)].sort(),
      'links of node0 after the plug',
      `${before.length} before, and the DIMM's blocks`,
    );
    for (const {name} of dimm.blocks) {
      t.is(
        (
          await guest.sh(
            `for link in node/node0/${name} memory/${name}/node0; do readlink -f /sys/devices/system/$link; done`,
          )
        )
          .trim()
          .split('\n'),
        [`/sys/devices/system/memory/${name}`, '/sys/devices/system/node/node0'],
        `where node0/${name} and ${name}/node0 lead`,
      );
    }
    await dimm.online('online_movable');
    await dimm.unplug();
    t.is(await links(), before, 'links of node0 after the unplug');
  },
);

conformance(
  'plug/uevents',
  {
    title:
      'User space is told of every block as it is added, onlined, offlined and removed, in that order, by ' +
      'kernel and udev',
    claims: ['linux/sysfs/uevents'],
    needs: ['device:dimm', 'command:udevadm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const heard = await listen(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    const names = dimm.blocks.map(({name}) => name);
    await dimm.online('online_movable');
    await dimm.offline();
    await dimm.unplug();
    const events = await heard();
    const life = ['add', 'online', 'offline', 'remove'].flatMap((action) => names.map((name) => `${action} ${name}`));
    t.is(
      told(events, 'kernel'),
      life,
      'uevents from the kernel',
      'two blocks, four transitions, blocks in ascending order',
    );
    for (const name of names)
      t.is(
        told(events, 'udev').filter((line) => line.endsWith(` ${name}`)),
        life.filter((line) => line.endsWith(` ${name}`)),
        `uevents of ${name} from udev`,
      );
  },
);

conformance(
  'plug/uevents-of-failures',
  {
    title: 'A transition that fails is told to nobody',
    claims: ['linux/sysfs/uevents'],
    needs: ['device:dimm', 'command:udevadm', 'mixed-block'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
    const [block] = dimm.blocks;
    await guest.sh('udevadm settle');
    const heard = await listen(guest);
    for (const word of ['offline', 'bogus'])
      t.is(
        (await block?.write('state', word))?.errno,
        'EINVAL',
        `error when ${word} is written to an offline block's state`,
      );
    t.is(
      (await guest.firstBlock.write('state', 'offline')).errno,
      'EINVAL',
      'error when a block that several zones share is offlined',
    );
    t.is(
      (await heard()).map(({from, action, block: name}) => `${from} ${action} ${name}`),
      [],
      'uevents meanwhile',
    );
  },
);
