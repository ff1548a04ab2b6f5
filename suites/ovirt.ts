// What oVirt's document says of a real udevd, and of what can be removed.
import {watchOnlining} from '../lib/conformance/udev/attribution.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {fillKernelMemory, fillUserMemory} from '../lib/conformance/workload/load.ts';
import {askToRemove, devicesNow} from '../lib/conformance/host/qemu.ts';
import {fateOf} from '../lib/conformance/udev/reading.ts';
import {addRule, dropRule, reloadUdev, restartUdev} from '../lib/conformance/udev/rules.ts';
import {listen, told} from '../lib/conformance/udev/uevents.ts';

/** The rule that RHEL 7.3 ships, as the document quotes it, and the one with the word that the document warns of. */
const rule = (word: string): string =>
  `SUBSYSTEM=="memory", ACTION=="add", PROGRAM="/bin/uname -p", RESULT!="s390*", ATTR{state}=="offline", ` +
  `ATTR{state}="${word}"`;
const FILE = '40-redhat.rules';

conformance(
  'ovirt/only-hotplugged',
  {
    title: "Boot memory is no device that could be removed: neither QEMU nor the guest's firmware knows one",
    claims: ['ovirt/only-hotplugged'],
    needs: ['memory-hotplug', 'memory-hotremove', 'vmm:qemu'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    t.is(
      (await devicesNow(guest)).map(({id}) => id),
      [],
      "QEMU's memory devices",
      'boot RAM is a backend of the machine and no device',
    );
    const answer = await guest.step('ask QEMU to remove boot RAM', () =>
      guest.tryQemu(() => askToRemove(guest, 'ram')),
    );
    t.is(answer.accepted, false, "QEMU accepts device_del of boot RAM's backend", answer.words);
    const behind = await guest.sh(
      'cd /sys/devices/system/memory; for b in memory*; do [ ! -e $b/firmware_node ] || echo $b; done',
    );
    t.is(behind.trim(), '', 'blocks of boot memory that have an ACPI device behind them');
    guest.expectUnchanged(before, 'after the refusal');
  },
);

conformance(
  'ovirt/whole-devices',
  {
    title:
      'A memory device is removed wholly: offlining half of it takes nothing from QEMU, and a removal takes all of it',
    claims: ['ovirt/only-hotplugged', 'ovirt/device-disappears'],
    needs: ['device:dimm', 'memory-hotremove'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    const dimm = await guest.plugDimm({size: guest.inBlocks(4)});
    await dimm.online('online_movable');
    for (const block of dimm.blocks.slice(2)) await block.offline();
    t.is(
      guest.now.vmm.plugged,
      dimm.size,
      'plugged-memory while half of the DIMM is offline',
      'QEMU has it as a whole',
    );
    t.is(
      guest.memTotal,
      (before.meminfo['MemTotal'] ?? 0) + dimm.size / 2 / 1024,
      'MemTotal meanwhile',
      `${before.meminfo['MemTotal'] ?? 0} kB before + half of ${dimm.size / 1024} kB`,
    );
    await dimm.unplug();
    guest.expectUnchanged(before, 'after the removal');
  },
);

conformance(
  'ovirt/rule-online',
  {
    title: "A rule that writes online puts plugged memory into Normal, where a DIMM in use can't be removed",
    claims: ['ovirt/rule/online-is-not-movable', 'ovirt/movable-needed'],
    needs: ['device:dimm', 'memory-hotremove', 'command:udevadm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(guest, '/usr/lib', FILE, rule('online'));
    await reloadUdev(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true});
    t.is(
      dimm.blocks.map(({state, validZones}) => `${state} ${validZones.join(' ')}`),
      ['online Normal', 'online Normal'],
      'its blocks when udev has settled',
      'the rule writes online, and no zone reaches the DIMM',
    );
    await fillKernelMemory(guest);
    const before = guest.now;
    t.is(
      (await dimm.requestUnplug()).outcome,
      'refused',
      'how the request to remove it ended',
      'the kernel has allocated slabs in it',
    );
    guest.expectUnchanged(before, 'after the refusal');
  },
);

conformance(
  'ovirt/procedure',
  {
    title:
      "The document's whole procedure works: rule overridden, udevd restarted, DIMM onlined by the script " +
      "in the guest's shell, removed while in use",
    claims: ['ovirt/script/descending', 'ovirt/rule/override', 'ovirt/movable-needed', 'ovirt/device-disappears'],
    needs: ['device:dimm', 'memory-hotremove', 'command:bash', 'command:udevadm', 'command:systemctl', 'kprobes'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(guest, '/usr/lib', FILE, rule('online'));
    await addRule(guest, '/etc', FILE, `# ${rule('online')}`);
    await restartUdev(guest);
    const watch = await watchOnlining(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(4)}, {settle: true});
    t.is(
      dimm.blocks.map(({state}) => state),
      dimm.blocks.map(() => 'offline'),
      'its blocks when udev has settled',
      'the copy in /etc hides the rule',
    );
    await guest.step("run the document's script", () =>
      guest.sh(`bash -c '
    for i in \`ls -d1 /sys/devices/system/memory/memory* | sort -nr -t y -k 5\`; do
      if [ "\`cat $i/state\`" == "offline" ]; then
        echo online_movable > $i/state
      fi
    done'`),
    );
    const blocks = await watch.of(dimm);
    t.is(
      blocks.map(fateOf),
      blocks.map(() => 'process bash → Movable'),
      'who onlined the blocks, and where they are',
      'the script, and no rule',
    );
    const data = await fillUserMemory(guest, 16);
    await dimm.unplug();
    t.is(await data.intact(), true, 'what user space has in memory reads as it was written');
    t.is(guest.now.vmm.devices, [], "QEMU's memory devices");
  },
);

conformance(
  'ovirt/rule-online-movable',
  {
    title:
      'A rule that writes online_movable onlines all of a DIMM to Movable, whatever order udev works in, ' +
      'and it can be removed',
    claims: ['ovirt/rule/online-movable-order', 'linux/online/any-order'],
    needs: ['device:dimm', 'memory-hotremove', 'command:udevadm'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(guest, '/usr/lib', FILE, rule('online_movable'));
    await reloadUdev(guest);
    const heard = await listen(guest);
    const dimm = await guest.plugDimm({size: guest.inBlocks(8)}, {settle: true});
    const uevents = told(await heard(), 'kernel');
    t.fact(
      'order',
      uevents.filter((one) => one.startsWith('online ')).map((one) => one.replace('online ', '')),
    );
    t.is(
      uevents.toSorted(),
      dimm.blocks.flatMap(({name}) => [`add ${name}`, `online ${name}`]).sort(),
      'uevents from the kernel',
      'each block is added and onlined once',
    );
    t.is(
      dimm.blocks.map(({state, validZones}) => `${state} ${validZones.join(' ')}`),
      dimm.blocks.map(() => 'online Movable'),
      'its blocks when udev has settled',
      "since 4.13 the order doesn't matter",
    );
    await dimm.unplug();
  },
);

conformance(
  'ovirt/rule-override',
  {
    title:
      'A copy of the rule file in /etc with the line commented out takes the rule out of force once udevd ' +
      'has restarted',
    claims: ['ovirt/rule/override'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(guest, '/usr/lib', FILE, rule('online'));
    await restartUdev(guest);
    const first = await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true});
    t.is(
      first.blocks.map(({state}) => state),
      ['online', 'online'],
      'blocks of a DIMM plugged while the rule is in force',
    );
    await addRule(guest, '/etc', FILE, `# ${rule('online')}`);
    await restartUdev(guest);
    const second = await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true});
    t.is(
      second.blocks.map(({state}) => state),
      ['offline', 'offline'],
      'blocks of a DIMM plugged after the rule was overridden',
      'a file in /etc/udev/rules.d hides one of the same name below /usr/lib',
    );
  },
);

conformance(
  'ovirt/rule-drift',
  {
    title:
      'A copy in /etc stays in force when an upgrade changes the original: the new rule does nothing until ' +
      'the copy goes',
    claims: ['ovirt/rule/drift', 'ovirt/rule/override'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    await addRule(guest, '/usr/lib', FILE, rule('online'));
    await addRule(guest, '/etc', FILE, `# ${rule('online')}`);
    await addRule(guest, '/usr/lib', FILE, rule('online_movable')); // the upgrade
    await restartUdev(guest);
    const stale = await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true});
    t.is(
      stale.blocks.map(({state}) => state),
      ['offline', 'offline'],
      'blocks of a DIMM plugged after the upgrade',
      'the copy in /etc still hides the original',
    );
    await dropRule(guest, '/etc', FILE);
    await restartUdev(guest);
    const fresh = await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true});
    t.is(
      fresh.blocks.map(({state, validZones}) => `${state} ${validZones.join(' ')}`),
      ['online Movable', 'online Movable'],
      'blocks of a DIMM plugged once the copy is gone',
      'the new rule writes online_movable',
    );
  },
);
