// A kernel that is loaded for the case of a crash, and the memory that comes and goes meanwhile: is it in the dump?
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance, type CaseContext} from '../lib/conformance/runner/case.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {aboveBoot, dumpOf, expectedDump, loadedDump, readVmcore} from '../lib/conformance/survive/dump-ranges.ts';
import {installKdumpTools, permitUdevd, reloads} from '../lib/conformance/survive/kdump-rule.ts';
import {crash, loadKernel} from '../lib/conformance/survive/kexec.ts';

const NEEDS = [
  'device:dimm',
  'memory-hotremove',
  'config:CONFIG_CRASH_DUMP',
  'command:perl',
  'disk',
  'arch:amd64',
] as const;
const boot = boots.crashKernel;
/** Without the memory driver the kernel that writes the dump leaves DIMMs alone, whose memory is to be in it. */
const MORE = 'acpi_no_memhotplug';
const GONE = 'it has gone: a dump is not to read where no memory is';

/** Loads the guest's own kernel for a crash. */
async function armed(t: CaseContext['t'], guest: CaseGuest): Promise<void> {
  t.require(await loadKernel(guest, {crash: true, more: MORE}), 'none', 'error of kexec_file_load(2) for a crash');
  t.is(await guest.read('/sys/kernel/kexec_crash_loaded'), '1', 'kexec_crash_loaded');
}

conformance(
  'kdump/crash-hotplug',
  {
    title:
      'crash_hotplug reads 0 until a kernel is loaded for a crash by kexec_file_load, and 1 then: no rule ' +
      'need load it again',
    claims: ['linux/kdump/crash-hotplug'],
    needs: [...NEEDS, 'config:CONFIG_CRASH_HOTPLUG'],
    boot,
  },
  async ({t, guest}) => {
    t.is(await guest.read('crash_hotplug'), '0', 'crash_hotplug with nothing loaded');
    await armed(t, guest);
    t.is(
      await guest.read('crash_hotplug'),
      '1',
      'crash_hotplug',
      'loaded by kexec_file_load: the kernel itself writes the ranges',
    );
  },
);

conformance(
  'kdump/follows',
  {
    title:
      'The ranges of a loaded crash dump follow DIMMs that are onlined and unplugged, at once where the ' +
      'kernel has CONFIG_CRASH_HOTPLUG, else when it is loaded again',
    claims: ['linux/kdump/ranges', 'linux/kdump/follows'],
    needs: [...NEEDS, 'kernel-config', 'vmm:qemu'],
    boot,
  },
  async ({t, guest}) => {
    const follows = guest.facts.config?.['CONFIG_CRASH_HOTPLUG'] !== undefined;
    const why = follows
      ? 'CONFIG_CRASH_HOTPLUG: written anew when a block is onlined or offlined'
      : 'without CONFIG_CRASH_HOTPLUG it is as it was loaded';
    await armed(t, guest);
    const atFirst = expectedDump(guest.now);
    t.is(
      await loadedDump(guest),
      atFirst,
      'ranges of the dump as it was loaded',
      'System RAM from 1 MiB on, without what is reserved for the crash kernel',
    );
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await dimm.online('online_movable');
    const withDimm = expectedDump(guest.now);
    t.is(await loadedDump(guest), follows ? withDimm : atFirst, 'ranges with a DIMM online', why);
    await armed(t, guest);
    t.is(await loadedDump(guest), withDimm, 'ranges when it is loaded again', 'the DIMM is a range of its own');
    for (const block of dimm.blocks) await block.offline();
    await armed(t, guest);
    t.is(
      await loadedDump(guest),
      withDimm,
      'ranges when it is loaded with the DIMM offline',
      'offline or not, it is System RAM',
    );
    await dimm.unplug();
    t.is(
      aboveBoot(await loadedDump(guest)),
      follows ? [] : aboveBoot(withDimm),
      'ranges above boot RAM when the DIMM was unplugged',
      follows ? GONE : why,
    );
    await armed(t, guest);
    t.is(await loadedDump(guest), atFirst, 'ranges when it is loaded once more', GONE);
  },
);

const NONE = {calls: [], errors: []};
const TWICE = ['kdump-config try-reload', 'kdump-config try-reload'];
const RULES = {
  'rule-as-shipped': {permitted: false, what: 'under udevd as it is'},
  'rule-permitted': {permitted: true, what: "where udevd's unit permits what it runs to load a kernel"},
} as const;

for (const [name, {permitted, what}] of Object.entries(RULES)) {
  conformance(
    `kdump/${name}`,
    {
      title:
        `By kdump-tools' rule, ${what}, a kernel for a crash is loaded again for each block onlined or ` +
        `offlined, so its dump has plugged memory and no memory that was unplugged`,
      claims: ['linux/kdump/follows'],
      needs: [...NEEDS, 'command:udevadm', 'command:systemctl', 'vmm:qemu'],
      boot,
    },
    async ({t, guest}) => {
      await installKdumpTools(guest, MORE);
      if (permitted) await permitUdevd(guest);
      await armed(t, guest);
      t.is(await reloads(guest), NONE, 'kdump-config before anything is plugged');
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
      t.is(
        await reloads(guest),
        NONE,
        'kdump-config for a DIMM that is offline',
        'the rule has no line for ACTION add',
      );
      await dimm.online('online_movable');
      const {calls, errors} = await reloads(guest);
      t.is(calls, TWICE, 'calls of kdump-config for two blocks online', 'one for each uevent online');
      t.is(errors, ['none', 'none'], 'error of kexec_file_load(2) in each of them');
      t.is(
        aboveBoot(await loadedDump(guest)),
        aboveBoot(expectedDump(guest.now)),
        'ranges above boot RAM with the DIMM online',
        'loaded again, or followed by the kernel',
      );
      for (const block of dimm.blocks) await block.offline();
      t.is(
        (await reloads(guest)).calls,
        TWICE,
        'calls of kdump-config for two blocks offline',
        'one for each uevent offline',
      );
      await dimm.unplug();
      t.is(await reloads(guest), NONE, 'kdump-config for the unplug', 'the rule has no line for ACTION remove');
      t.is(aboveBoot(await loadedDump(guest)), [], 'ranges above boot RAM when the DIMM was unplugged', GONE);
    },
  );
}

conformance(
  'kdump/dump',
  {
    title: 'After a crash /proc/vmcore has the memory of plugged DIMMs, online or not',
    claims: ['linux/kdump/ranges'],
    needs: [...NEEDS, 'command:systemctl', 'port-shell', 'vmm:qemu'],
    boot,
    seconds: 120,
  },
  async ({t, guest}) => {
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
    await guest.block(dimm.blockIds[0] ?? -1).online('online_movable');
    await armed(t, guest);
    const wanted = expectedDump(guest.now);
    t.is(
      dumpOf(await crash(guest, readVmcore)),
      wanted,
      'ranges of /proc/vmcore',
      'System RAM as it was before the crash, from 1 MiB on, without what was reserved for the crash kernel',
    );
  },
);
