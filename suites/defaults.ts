// The untouched guest: nothing here writes a policy, so that what is seen is what the distribution does.
import {MiB} from '../lib/conformance/expected/units.ts';
import {msToLastBlock, proveOnlining, whoOnlined} from '../lib/conformance/udev/attribution.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {configPolicy} from '../lib/conformance/expected/config-policy.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {fillKernelMemory} from '../lib/conformance/workload/load.ts';
import {ostMeaning} from '../lib/conformance/host/qemu.ts';
import {udevdNow} from '../lib/conformance/udev/rules.ts';
import {listen} from '../lib/conformance/udev/uevents.ts';

/**
 * The zones that the blocks of the guest's own policy can be in: contig-zones without movable_node never chooses
 * Movable.
 */
const ZONES: Readonly<Record<string, string>> = {
  offline: 'not online',
  online: 'Normal',
  online_kernel: 'Normal',
  online_movable: 'Movable',
};

const zonesOf = (guest: CaseGuest, ids: readonly number[]): string =>
  [
    ...new Set(
      ids
        .map((id) => guest.view(id))
        .map(({state, validZones}) => (state === 'online' ? validZones.join(' ') : 'not online')),
    ),
  ].join(', ');

conformance(
  'defaults/policy',
  {
    title: "The untouched guest's auto_online_blocks is what its kernel was built with",
    claims: ['linux/auto/default', 'linux/auto/readable'],
    needs: ['memory-hotplug', 'kernel-config'],
  },
  async ({t, guest}) => {
    const built = configPolicy(guest.facts.config ?? {});
    const policy = (await guest.read('auto_online_blocks')) ?? 'not readable';
    const parameter = /\bmemhp_default_state=(\w+)/.exec(await guest.sh('cat /proc/cmdline'))?.[1];
    t.fact('configPolicy', built);
    t.is(
      policy,
      parameter ?? built,
      'auto_online_blocks',
      parameter === undefined
        ? "the kernel's config; no memhp_default_state= is given"
        : "memhp_default_state= on the kernel's command line",
    );
  },
);

conformance(
  'defaults/plugged-dimm',
  {
    title:
      'A DIMM plugged into the untouched guest is onlined wholly or not at all, by its kernel as the policy ' +
      'says, or by one agent of its user space',
    claims: ['linux/auto/default', 'udev/attribution'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl'],
  },
  async ({t, guest, untouched}) => {
    const policy = guest.now.policy ?? 'not readable';
    t.require(await udevdNow(guest), 'running', 'udevd');
    const heard = await listen(guest);
    const blocks = await proveOnlining({guest, untouched}, () =>
      guest.plugDimm({size: guest.inBlocks(4)}, {settle: true}),
    );
    const added = (await heard())
      .filter(({from, action}) => from === 'udev' && action === 'add')
      .map(({block}) => block);
    const onlinedBy = whoOnlined(blocks, true);
    const zone = zonesOf(
      guest,
      blocks.map(({block}) => Number(block.replace('memory', ''))),
    );
    t.fact('policy', policy);
    t.fact('blockSizeMiB', guest.blockSize / MiB);
    t.fact('onlinedBy', onlinedBy);
    t.fact('zone', zone);
    t.fact('msToLastBlock', msToLastBlock(blocks));
    t.oneOf(
      blocks.filter(({zone}) => zone !== null).length,
      [0, blocks.length],
      'blocks online',
      'all or none: a part would be neither a policy nor a rule',
    );
    t.oneOf(
      onlinedBy,
      policy === 'offline' ? ['nobody', 'udev'] : ['kernel'],
      'who onlined its blocks',
      policy === 'offline'
        ? 'auto_online_blocks is offline: nobody but a rule of udev does so in a distribution'
        : `auto_online_blocks is ${policy}, and the kernel is first: it holds device_hotplug_lock until a ` +
            `DIMM's blocks are online`,
    );
    if (onlinedBy === 'kernel' || onlinedBy === 'nobody')
      t.is(
        zone,
        ZONES[policy],
        'where its blocks are',
        `auto_online_blocks is ${policy}, and nobody in user space onlines`,
      );
    t.is(
      added.sort(),
      blocks.map(({block}) => block).sort(),
      'blocks whose add udev has handled',
      'so its rules have had their say',
    );
  },
);

conformance(
  'defaults/unplug',
  {
    title: 'How a DIMM leaves the untouched guest after a little work in it: removed, or refused with nothing changed',
    claims: ['linux/auto/default', 'linux/acpi/unplug', 'linux/acpi/unplug-refused'],
    needs: ['device:dimm', 'memory-hotremove', 'acpi'],
  },
  async ({t, guest}) => {
    const first = guest.now;
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true});
    await fillKernelMemory(guest);
    const before = guest.now;
    const zone = zonesOf(guest, dimm.blockIds);
    const {outcome, statuses} = await dimm.requestUnplug();
    t.fact('unplug', outcome === 'removed' ? 'removed' : `refused: ${ostMeaning(statuses.at(-1) ?? -1)}`);
    t.is(
      outcome,
      zone === 'Normal' ? 'refused' : 'removed',
      'how the request ended',
      zone === 'Normal'
        ? "the kernel has allocated 4 MB of directory inodes, which can't move, from the highest kernel zone: the DIMM"
        : `its blocks are ${zone}: nothing in them that can't move`,
    );
    guest.expectUnchanged(
      outcome === 'removed' ? first : before,
      outcome === 'removed' ? 'after plug and unplug' : 'after the refusal',
    );
  },
);
