// Adding memory without firmware: the file probe. Debian builds it for ppc64el, not for amd64.
import {conformance} from '../lib/conformance/runner/case.ts';
import {plugUntaken, probe} from '../lib/conformance/guest/probe.ts';
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
    title:
      'Writing the address of memory that is there to probe creates its block, offline, and no other; it can be used',
    claims: ['linux/probe/creates-one-block'],
    needs: ['device:dimm', 'vmm:qemu', 'config:CONFIG_ARCH_MEMORY_PROBE', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT'],
    boot: {append: 'acpi_no_memhotplug'}, // DLPAR has no such switch
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await plugUntaken(guest, 'dimm0');
    const {address} = dimm;
    const before = guest.now.blocks.map(({id}) => id);
    t.is((await probe(guest, dimm)).errno, 'none', 'error when the address is written to probe');
    const id = address / guest.blockSize;
    t.is(
      guest.now.blocks.map((block) => block.id),
      [...before, id],
      'memory blocks',
      'one more, which covers the address',
    );
    t.is(guest.block(id).state, 'offline', 'state of the new block', 'as auto_online_blocks says');
    const {memTotal} = guest;
    await guest.block(id).online('online_movable');
    t.is(guest.memTotal, memTotal + dimm.size / 1024, 'MemTotal with it online', 'the block more');
    const again = [`0x${address.toString(16)}\n`];
    t.is(await errnosOf(guest, 'probe', again), allOf(again, 'EEXIST'), 'error when it is asked for again');
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
