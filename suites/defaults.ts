// The untouched guest: nothing here writes a policy, so that what is seen is what the distribution does.
import {conformance} from '../lib/conformance/case.ts';
import type {CaseGuest} from '../lib/conformance/guest.ts';
import {fillKernelMemory} from '../lib/conformance/load.ts';
import {ostMeaning} from '../lib/conformance/qemu.ts';
import {listen, type Uevent} from '../lib/conformance/uevents.ts';

/**
 * The policy that the kernel was built with. MEMORY_HOTPLUG_DEFAULT_ONLINE became the choice
 * MHP_DEFAULT_ONLINE_TYPE in 6.14, and in stable branches later (6.12.110): so ask for both.
 */
function configPolicy(config: Readonly<Record<string, string>>): string {
  const type = /^CONFIG_MHP_DEFAULT_ONLINE_TYPE_(\w+)$/;
  const chosen = Object.keys(config).find((name) => type.test(name) && config[name] === 'y')?.replace(type, '$1');
  const names: Readonly<Record<string, string>> = {OFFLINE: 'offline', ONLINE_AUTO: 'online', ONLINE_KERNEL: 'online_kernel', ONLINE_MOVABLE: 'online_movable'};
  if (chosen !== undefined) return names[chosen] ?? chosen;
  return config['CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE'] === 'y' ? 'online' : 'offline';
}

/** The zones that the blocks of the guest's own policy can be in: contig-zones without movable_node never chooses Movable. */
const ZONES: Readonly<Record<string, string>> = {offline: 'not online', online: 'Normal', online_kernel: 'Normal', online_movable: 'Movable'};

const zonesOf = (guest: CaseGuest, ids: readonly number[]): string =>
  [...new Set(ids.map((id) => guest.view(id)).map(({state, validZones}) => (state === 'online' ? validZones.join(' ') : 'not online')))].join(', ');

/** Milliseconds of the guest's clock from the first block added to the last one onlined; null where none was. */
function onliningMs(events: readonly Uevent[]): number | null {
  const kernel = events.filter(({from}) => from === 'kernel');
  const added = kernel.find(({action}) => action === 'add');
  const online = kernel.findLast(({action}) => action === 'online');
  return added && online ? Math.round((online.seconds - added.seconds) * 1000) : null;
}

conformance('defaults/policy', {
  title: 'The untouched guest\'s auto_online_blocks is what its kernel was built with',
  claims: ['linux/auto/default', 'linux/auto/readable'],
  needs: ['memory-hotplug', 'kernel-config'],
}, async ({t, guest}) => {
  const built = configPolicy(guest.facts.config ?? {});
  const policy = (await guest.read('auto_online_blocks')) ?? 'not readable';
  const parameter = /\bmemhp_default_state=(\w+)/.exec(await guest.sh('cat /proc/cmdline'))?.[1];
  t.fact('configPolicy', built);
  t.is(policy, parameter ?? built, 'auto_online_blocks', parameter === undefined ? 'the kernel\'s config; no memhp_default_state= is given' : 'memhp_default_state= on the kernel\'s command line');
});

conformance('defaults/plugged-dimm', {
  title: 'A DIMM plugged into the untouched guest ends up as its policy says, or is onlined by its user space',
  claims: ['linux/auto/default'],
  needs: ['memory-hotplug', 'command:udevadm'],
}, async ({t, guest}) => {
  const policy = guest.now.policy ?? 'not readable';
  const heard = await listen(guest);
  const dimm = await guest.plugDimm({size: '512M'}, {settle: true});
  const events = await heard();
  await guest.observe('after udev has settled');
  const onlined = dimm.blocks.filter(({state}) => state === 'online').length;
  const onlinedBy = onlined === 0 ? 'nobody' : policy === 'offline' ? 'user space' : 'kernel';
  const zone = zonesOf(guest, dimm.blockIds);
  t.fact('policy', policy);
  t.fact('blockSizeMiB', guest.blockSize / 2 ** 20);
  t.fact('onlinedBy', onlinedBy);
  t.fact('zone', zone);
  t.fact('msToLastBlock', onliningMs(events));
  t.oneOf(onlined, [0, dimm.blocks.length], 'blocks online', 'all or none: a part would be neither a policy nor a rule');
  if (onlinedBy !== 'user space') t.is(zone, ZONES[policy], 'where its blocks are', `auto_online_blocks is ${policy}, and nobody in user space onlines`);
  const added = events.filter(({from, action}) => from === 'udev' && action === 'add').map(({block}) => block);
  t.is(added.sort(), dimm.blocks.map(({name}) => name).sort(), 'blocks whose add udev has handled', 'so its rules have had their say');
});

conformance('defaults/unplug', {
  title: 'How a DIMM leaves the untouched guest after a little work in it: removed, or refused with nothing changed',
  claims: ['linux/auto/default', 'linux/acpi/unplug', 'linux/acpi/unplug-refused'],
  needs: ['memory-hotplug', 'memory-hotremove'],
}, async ({t, guest}) => {
  const first = guest.now;
  const dimm = await guest.plugDimm({size: '256M'}, {settle: true});
  await fillKernelMemory(guest);
  const before = guest.now;
  const zone = zonesOf(guest, dimm.blockIds);
  const {outcome, statuses} = await dimm.requestUnplug();
  t.fact('unplug', outcome === 'removed' ? 'removed' : `refused: ${ostMeaning(statuses.at(-1) ?? -1)}`);
  t.is(outcome, zone === 'Normal' ? 'refused' : 'removed', 'how the request ended', zone === 'Normal' ? 'the kernel has allocated 4 MB of directory inodes, which can\'t move, from the highest kernel zone: the DIMM' : `its blocks are ${zone}: nothing in them that can't move`);
  guest.expectUnchanged(outcome === 'removed' ? first : before, outcome === 'removed' ? 'after plug and unplug' : 'after the refusal');
});
