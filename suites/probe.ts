// Adding memory without firmware: the file probe, and DLPAR on ppc64. Debian builds neither for x86_64, so no case here
// has run yet.
import {conformance} from '../lib/conformance/runner/case.ts';
import {allOf, errnosOf} from '../lib/conformance/workload/refused.ts';

conformance(
  'probe/availability',
  {
    title: "The file probe is there exactly where the kernel is built with CONFIG_ARCH_MEMORY_PROBE, and can't be read",
    claims: ['linux/probe/availability'],
    needs: ['memory-hotplug', 'kernel-config'],
  },
  async ({t, guest}) => {
    const built = guest.facts.config?.['CONFIG_ARCH_MEMORY_PROBE'] === 'y';
    const mode = (await guest.sh('cd /sys/devices/system/memory; [ ! -e probe ] || stat -c %a probe')).trim();
    t.is(
      mode,
      built ? '200' : '',
      'mode of probe',
      `the kernel is built ${built ? 'with' : 'without'} CONFIG_ARCH_MEMORY_PROBE`,
    );
    t.is(await guest.read('probe'), undefined, 'content of probe', built ? 'it is write-only' : 'there is none');
  },
);

conformance(
  'probe/one-block',
  {
    title: 'Writing the address of a block to probe creates that block, offline, and no other',
    claims: ['linux/probe/creates-one-block'],
    needs: ['device:dimm', 'config:CONFIG_ARCH_MEMORY_PROBE'],
    boot: {append: 'acpi_no_memhotplug'},
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now.blocks.map(({id}) => id);
    const address = guest.board.deviceMemory;
    t.is(
      (await guest.write('probe', `0x${address.toString(16)}`)).errno,
      'none',
      'error when the address is written to probe',
    );
    const id = address / guest.blockSize;
    t.is(
      guest.now.blocks.map((block) => block.id),
      [...before, id],
      'memory blocks',
      'one more, which covers the address',
    );
    t.is(guest.block(id).state, 'offline', 'state of the new block');
  },
);

conformance(
  'probe/bad-input',
  {
    title:
      'Addresses that are no number, unaligned or taken are refused by probe, each with its error, and nothing changes',
    claims: ['linux/probe/creates-one-block'],
    needs: ['memory-hotplug', 'config:CONFIG_ARCH_MEMORY_PROBE'],
  },
  async ({t, guest}) => {
    const before = guest.now;
    const unreadable = ['x\n', '0x\n', '-1\n', '1 2\n'];
    t.is(
      await errnosOf(guest, 'probe', unreadable),
      allOf(unreadable, 'EINVAL'),
      'errors of texts that are no address',
      'kstrtoull()',
    );
    const unaligned = ['0x100000001\n', `0x${(guest.board.deviceMemory + guest.board.page).toString(16)}\n`];
    t.is(
      await errnosOf(guest, 'probe', unaligned),
      allOf(unaligned, 'EINVAL'),
      'errors of addresses inside a block',
      'probe_store() asks for the start of a block',
    );
    t.is(
      await errnosOf(guest, 'probe', ['0\n']),
      allOf(['0\n'], 'EEXIST'),
      'error of the address of boot memory',
      'register_memory_resource()',
    );
    guest.expectUnchanged(before, 'after refused addresses');
  },
);

conformance(
  'probe/dlpar',
  {
    title: 'Memory that DLPAR adds is online although auto_online_blocks is offline',
    claims: ['linux/auto/dlpar-ignores'],
    needs: ['device:dimm', 'arch:ppc64el'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now.blocks.map(({id}) => id);
    t.is(
      (await guest.write('/sys/kernel/dlpar', 'memory add count 1')).errno,
      'none',
      'error when a block is asked for',
    );
    const added = guest.now.blocks.filter(({id}) => !before.includes(id));
    t.is(
      added.map(({state}) => state),
      ['online'],
      'states of the new blocks',
      'DLPAR onlines what it adds (arch/powerpc/platforms/pseries/hotplug-memory.c)',
    );
  },
);
