// Rules with the effect of each distribution's, run for real by the guest's udevd.
import {watchOnlining} from '../lib/conformance/udev/attribution.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {fateByPolicy, fateOf, fatesByRules, readRules, zoneByWord} from '../lib/conformance/udev/reading.ts';
import {installProfile, profileNamed, profiles} from '../lib/conformance/udev/rules.ts';

const POLICIES = ['offline', 'online', 'online_movable'] as const;

for (const profile of profiles) {
  const {name, title, plugged, offlined} = profile;
  const [word = 'unchanged'] = plugged.offline;
  conformance(
    `udev/profile-${name.replace('.', '-')}`,
    {
      title:
        `Rules as of ${title}: a plugged DIMM ` +
        `${word === 'unchanged' ? 'is left to the kernel' : `goes to ${zoneByWord(word) ?? ''} by udev, unless the kernel has onlined it before`}${offlined === 'unchanged' ? '' : ', and no block can be kept offline'}`,
      claims: ['udev/effect', 'udev/attribution', ...(name.startsWith('ovirt') ? ['ovirt/rule/override'] : [])],
      needs: ['device:dimm', 'memory-hotremove', 'command:udevadm', 'command:systemctl', 'kprobes'],
    },
    async ({t, guest}) => {
      // an override needs something to override
      if (name === 'ovirt-override') await installProfile(guest, profileNamed('rhel-7.3'));
      await installProfile(guest, profile);
      const reading = await readRules(guest);
      const watch = await watchOnlining(guest, {rules: true});
      for (const policy of POLICIES) {
        await guest.setPolicy(policy);
        const blocks = await watch.of(await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true}));
        t.is(
          blocks.map(({zone}) => zone),
          blocks.map(() => (policy === 'offline' ? zoneByWord(word) : zoneByWord(policy))),
          `${policy}: zones of the blocks`,
          policy === 'offline'
            ? "the table of what distributions' rules do"
            : 'the kernel is first: it holds device_hotplug_lock until the blocks are online',
        );
        t.is(
          blocks.map(fateOf),
          blocks.map(({block}) =>
            policy === 'offline' ? fatesByRules(reading, policy, block)[0] : fateByPolicy(policy),
          ),
          `${policy}: who onlined the blocks, and where they are`,
          'our reading of the rule files',
        );
      }
      const last = guest.block(guest.now.blocks.at(-1)?.id ?? 0);
      await guest.step(`offline ${last.name}, and wait for udevd`, () =>
        guest.sh(`echo offline >/sys/devices/system/memory/${last.name}/state && udevadm settle`),
      );
      t.is(
        last.state,
        offlined === 'unchanged' ? 'offline' : 'online',
        `state of ${last.name} after somebody has set it offline`,
        'what the rules do about the uevent offline',
      );
    },
  );
}
