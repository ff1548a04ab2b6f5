// What becomes of plugged DIMMs when the guest boots anew in the same machine: after a reset, and by kexec without one.
// Each boots a whole guest, which takes a minute and more on an emulated CPU, so there is one case of each kind.
import {MiB} from '../lib/conformance/expected/units.ts';
import {blocksOf} from '../lib/conformance/expected/device-blocks.ts';
import {conformance, type CaseContext} from '../lib/conformance/runner/case.ts';
import {configPolicy} from '../lib/conformance/expected/config-policy.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {kexec, loadKernel} from '../lib/conformance/survive/kexec.ts';
import {bootTrouble, firmwareRam, reboot} from '../lib/conformance/survive/reboot.ts';
import {fatesByRules, readRules, type Reading} from '../lib/conformance/udev/reading.ts';

const NEEDS = ['device:dimm', 'memory-hotremove', 'command:udevadm', 'port-shell', 'disk', 'arch:amd64'] as const;
type Devices = CaseGuest['now']['vmm']['devices'];

/** What the blocks after a boot follow from. */
interface Before {
  readonly devices: Devices;
  readonly policy: string;
  readonly reading: Reading;
}

/** A DIMM in Movable, one in Normal, one of two blocks that are offline. */
async function plugged(guest: CaseGuest): Promise<Devices> {
  await guest.setPolicy('offline');
  await (await guest.plugDimm({size: guest.inBlocks(1)})).online('online_movable');
  await (await guest.plugDimm({size: guest.inBlocks(1)})).online('online_kernel');
  await guest.plugDimm({size: guest.inBlocks(2)});
  return guest.now.vmm.devices;
}

/** Where the guest's policy and rules put the DIMMs' blocks at boot: `Normal`, `offline`; several where it is open. */
const fates = (reading: Reading, policy: string, ids: readonly number[]): string[] =>
  ids.map((id) => {
    const zones = fatesByRules(reading, policy, `memory${id}`).map((fate) => fate.replace(/^.* → /, ''));
    return `memory${id} ${[...new Set(zones)].join(' or ')}`;
  });

/** Looks at a guest that has booted with DIMMs which it had before. */
async function afterBoot(t: CaseContext['t'], there: CaseGuest, {devices, policy, reading}: Before): Promise<void> {
  t.is(there.now.vmm.devices, devices, "QEMU's memory devices", 'a boot takes none out');
  t.is(
    there.now.policy ?? null,
    policy,
    'auto_online_blocks',
    'as it is after any boot: what was written to it before is gone',
  );
  const ram = await firmwareRam(there);
  t.is(
    ram.some(({end}) => end > MiB),
    true,
    'the memory map was read',
  );
  const meets = (range: {start: number; end: number}, {address, size}: Devices[number]): boolean =>
    range.start < address + size && address < range.end;
  const mapped = devices.filter((device) => ram.some((range) => meets(range, device)));
  t.is(
    mapped.map(({id}) => id),
    [],
    'DIMMs in the memory map (e820)',
    "QEMU's firmware has boot memory alone in it, and a kexec hands on the same",
  );
  const ids = devices.flatMap((device) => blocksOf(device, there.blockSize));
  const seen = ids
    .map((id) => there.view(id))
    .map(({id, state, validZones}) => `memory${id} ${state === 'online' ? validZones.join(' ') : state}`);
  t.is(
    seen,
    fates(reading, policy, ids),
    "the DIMMs' blocks",
    `auto_online_blocks is ${policy}, and the rules that there are: where they were before is forgotten`,
  );
  t.is(await bootTrouble(there), [], 'what the kernel said at boot of trouble, or of the DIMMs');
}

/** Plugs one more, takes it out, and the DIMMs that nothing of the kernel's own lies in. */
async function liveOn(t: CaseContext['t'], there: CaseGuest, devices: Devices): Promise<void> {
  const isFree = (id: number): boolean =>
    there.view(id).state === 'offline' || !there.view(id).validZones.includes('Normal');
  const free = devices.filter((device) => blocksOf(device, there.blockSize).every((id) => isFree(id)));
  await there.setPolicy('offline');
  const more = await there.plugDimm({id: 'more', size: there.inBlocks(1)});
  t.is(more.device.slot, devices.length, 'slot of a DIMM that is plugged now', 'the first that is free');
  await more.online('online_movable');
  for (const id of ['more', ...free.map((device) => device.id)]) await (await there.findDimm(id)).unplug();
}

conformance(
  'reboot/by-default',
  {
    title:
      'After a reboot plugged DIMMs, wherever they were onlined before, are found by ACPI, not in the ' +
      "firmware's memory map, and onlined as plugged ones are by default",
    claims: ['linux/acpi/at-boot', 'linux/auto/default', 'linux/acpi/unplug'],
    needs: [...NEEDS, 'kernel-config', 'vmm:qemu', 'acpi'],
    seconds: 120,
  },
  async ({t, guest}) => {
    const devices = await plugged(guest);
    const reading = await readRules(guest);
    const there = await reboot(guest);
    await afterBoot(t, there, {devices, policy: configPolicy(guest.facts.config ?? {}), reading});
    await liveOn(t, there, devices);
  },
);

conformance(
  'reboot/kexec',
  {
    title:
      'After a kexec by kexec_file_load plugged DIMMs are found by ACPI, not in the memory map that it ' +
      'hands on, and onlined as memhp_default_state says',
    claims: ['linux/acpi/at-boot', 'linux/acpi/unplug'],
    needs: [...NEEDS, 'command:perl', 'command:systemctl', 'vmm:qemu', 'acpi'],
    seconds: 120,
  },
  async ({t, guest}) => {
    const devices = await plugged(guest);
    const reading = await readRules(guest);
    t.require(
      await loadKernel(guest, {more: 'memhp_default_state=online_movable'}),
      'none',
      'error of kexec_file_load(2)',
    );
    const there = await kexec(guest);
    await afterBoot(t, there, {devices, policy: 'online_movable', reading});
    await liveOn(t, there, devices);
  },
);
