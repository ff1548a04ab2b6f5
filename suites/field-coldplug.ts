// What users report, part one: DIMMs that are there at boot, in a guest that nothing was done to.
import {MiB} from '../lib/conformance/expected/units.ts';
import {aboveBootRam, afterBoot, coldNow, writingFiles} from '../lib/conformance/guest/after-boot.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance, type CaseHead} from '../lib/conformance/runner/case.ts';
import {configPolicy} from '../lib/conformance/expected/config-policy.ts';
import {readRules} from '../lib/conformance/udev/reading.ts';

/** The policy that the guest boots with, by row. */
const POLICIES: readonly (Pick<CaseHead, 'machine' | 'boot'> & {id: string; policy?: string; says: string})[] = [
  {id: 'untouched', machine: 'q35-coldplug', says: "by the guest's own policy and rules"},
  {
    id: 'offline',
    machine: 'q35-512m',
    boot: boots.coldOffline,
    policy: 'offline',
    says: "by memhp_default_state=offline and the guest's rules",
  },
  {
    id: 'online-movable',
    machine: 'q35-768m',
    boot: boots.coldMovable,
    policy: 'online_movable',
    says: 'by memhp_default_state=online_movable',
  },
];

for (const {id, policy, says, ...head} of POLICIES) {
  conformance(
    `field/coldplug-${id}`,
    {
      title:
        `What of the command line's DIMMs is usable after boot is decided ${says}, as for a DIMM that is ` +
        `plugged later`,
      claims: ['field/coldplug/usable', 'qemu/coldplug'],
      needs: ['device:dimm', 'kernel-config', 'command:udevadm'],
      ...head,
    },
    async ({t, guest}) => {
      const wanted = policy ?? configPolicy(guest.facts.config ?? {});
      t.is(
        guest.now.policy,
        wanted,
        'auto_online_blocks',
        policy === undefined
          ? "the kernel's config; nothing on its command line"
          : "memhp_default_state= on the kernel's command line",
      );
      const reading = await readRules(guest);
      const expected = afterBoot(guest, reading);
      const files = writingFiles(reading);
      t.is(
        coldNow(guest),
        expected.blocks,
        'blocks of the DIMMs after boot',
        `auto_online_blocks is ${wanted}; rule files that write to a block's state: ${files.join(', ') || 'none'}`,
      );
      t.is(
        aboveBootRam(guest),
        expected.usableKiB,
        'kB of MemTotal above boot RAM',
        "boot RAM is below 4 GiB; all else is the DIMMs' blocks that are online, each wholly",
      );
      const {plugged} = guest.now.vmm;
      const zones = [...new Set(coldNow(guest).map((one) => one.replace(/^memory\d+ /, '')))].join(', ');
      t.fact('coldplug', {
        policy: wanted,
        onlinedBy: expected.by.join(', '),
        zones,
        usableMiB: aboveBootRam(guest) / 1024,
        ofMiB: plugged / MiB,
      });
      const [cold = ''] = coldNow(guest);
      const dimm = await guest.plugDimm({size: guest.inBlocks(1)}, {settle: true});
      const hot = dimm.blocks.map(({state, validZones}) => (state === 'online' ? validZones.join(' ') : state));
      t.is(
        hot,
        [cold.replace(/^memory\d+ /, '')],
        'where a DIMM of one block is that is plugged now',
        `where ${cold} is: the kernel adds both alike`,
      );
    },
  );
}
