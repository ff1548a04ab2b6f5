// A process whose cpuset has one node alone, of which all memory is in ZONE_MOVABLE: it comes by DIMM, and goes again.
import {MiB} from '../lib/conformance/expected/units.ts';
import {bindToNode, cpusetNodes, kernelMemory, type BoundProcess} from '../lib/conformance/workload/bound.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {calmKhugepaged} from '../lib/conformance/workload/quiet.ts';

const NEEDS = [
  'device:dimm',
  'memory-hotremove',
  'numa',
  'command:perl',
  'config:CONFIG_CPUSETS',
  'arch:amd64',
] as const;
const MIB = 32;
const PAGES = MIB * 256;
const INSANE = 'Unsupported (movable nodes only) cpuset configuration detected (nmask=1)!';

/** A DIMM of two blocks in Movable, all that node 1 has, and a process that is bound to it and has its memory there. */
async function bound(guest: CaseGuest): Promise<{dimm: Dimm; process: BoundProcess}> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({id: 'far', size: guest.inBlocks(2), node: 1});
  await dimm.online('online_movable');
  const process = await bindToNode(guest, 1, MIB, 'cpuset');
  return {dimm, process};
}

conformance(
  'cpuset/movable-node',
  {
    title:
      'A process that is bound to a node with Movable memory alone has all of its memory there; what the kernel ' +
      'needs for it comes from another node',
    claims: ['linux/cpuset/user-memory', 'linux/cpuset/kernel-memory', 'linux/movable/only-movable-allocations'],
    needs: NEEDS,
    machine: 'q35-empty-node',
  },
  async ({t, guest}) => {
    const before = guest.now;
    const {dimm, process} = await bound(guest);
    await process.fill();
    t.is(await process.pagesByNode(), {N1: PAGES}, 'its pages by node', 'cpuset.mems is 1, and there is room');
    t.is(
      await kernelMemory(guest, 1),
      {Slab: 0, PageTables: 0, KernelStack: 0},
      'KiB of kernel memory on node 1',
      "ZONE_MOVABLE has none; GFP_KERNEL isn't bound by a cpuset where that leaves it without any " +
        '(cpuset_node_allowed())',
    );
    await process.end();
    await dimm.unplug();
    await guest.setPolicy(before.policy as 'offline');
    guest.expectUnchanged(before, 'without process and DIMM');
  },
);

conformance(
  'cpuset/movable-node-told',
  {
    title:
      "The kernel says once that a cpuset of nodes with Movable memory alone isn't supported; a process in it " +
      'gets ENOMEM for kernel memory on its own account, as for a pipe',
    claims: ['linux/cpuset/movable-only-told'],
    needs: [...NEEDS, 'kernel>=5.16'],
    machine: 'q35-empty-node',
  },
  async ({t, guest}) => {
    const {process} = await bound(guest);
    const said = guest.now.kernelLog
      .filter((line) => line.includes('cpuset configuration'))
      .map((line) => line.replace(/^\[ *[\d.]+\] /, '').replace(/^cpuset: /, ''));
    t.is(
      said.map((line) => line.slice(0, INSANE.length)),
      [INSANE],
      'what the kernel says of the cpuset',
      'check_insane_mems_config() of kernel/cgroup/cpuset.c',
    );
    guest.announce('perl: page allocation failure: order:0');
    t.is(
      await process.writeToPipe(),
      'ENOMEM',
      'error when it writes to a pipe',
      "a pipe's pages aren't movable and count as the process's own (GFP_HIGHUSER), and its nodes have no zone " +
        'for them; it is refused at once rather than by the OOM killer',
    );
    await process.end();
  },
);

conformance(
  'cpuset/out-of-memory',
  {
    title:
      'A process that takes more than the node it is bound to has is killed, though another node has memory; ' +
      'nobody else is',
    claims: ['linux/cpuset/out-of-memory'],
    needs: NEEDS,
    machine: 'q35-empty-node',
    seconds: 90,
  },
  async ({t, guest}) => {
    const {dimm, process} = await bound(guest);
    await process.fill();
    guest.announce('Out of memory: Killed process (perl)');
    t.is(
      await process.takeMore(dimm.size / MiB),
      'ended 137',
      'what becomes of it when it takes as much as the node has once more',
      '128 + SIGKILL: node 1 is full, and its cpuset allows no other',
    );
    const killed = /oom-kill:constraint=(\w+),.*,mems_allowed=([\d-]+),.*,task=(\w+)/;
    const oom = guest.now.kernelLog.flatMap((line) => killed.exec(line)?.slice(1) ?? []);
    t.is(
      oom,
      ['CONSTRAINT_CPUSET', '1', 'perl'],
      "why it was killed, by the kernel's log",
      'dump_oom_summary() of mm/oom_kill.c',
    );
    await process.end();
    await dimm.unplug();
  },
);

conformance(
  'cpuset/offline',
  {
    title:
      "Offlining moves a bound process's pages to another node, its cpuset notwithstanding; the cpuset follows " +
      'the nodes that have memory, and keeps what it was asked for',
    claims: ['linux/cpuset/offline-leaves', 'linux/cpuset/follows-nodes', 'linux/offline/migrates'],
    needs: NEEDS,
    machine: 'q35-empty-node',
    seconds: 60,
  },
  async ({t, guest}) => {
    const {dimm, process} = await bound(guest);
    await process.fill();
    await dimm.offline();
    t.is(
      await process.pagesByNode(),
      {N0: PAGES},
      'its pages by node once node 1 has no memory',
      'do_migrate_range() asks for any other node with memory, and the cpuset that counts is that of who offlines',
    );
    t.is(
      await cpusetNodes(guest, '0'),
      {mems: '1', effective: '0'},
      'memory nodes of the cpuset',
      "one whose nodes have no memory uses its parent's",
    );
    t.is(await process.changedPages(), 0, 'pages that lost their content');
    await dimm.online('online_movable');
    t.is(
      await cpusetNodes(guest, '1'),
      {mems: '1', effective: '1'},
      'memory nodes of the cpuset when the node has memory again',
    );
    t.is(await process.changedPages(), 0, 'pages that lost their content since');
    await process.end();
    await dimm.unplug();
  },
);

conformance(
  'cpuset/unplug',
  {
    title:
      'The only DIMM of a node can be unplugged while a process is bound to the node; the process goes on with ' +
      'all of its data, on another node',
    claims: ['linux/cpuset/offline-leaves', 'linux/acpi/unplug'],
    needs: [...NEEDS, 'acpi'],
    machine: 'q35-empty-node',
    seconds: 60,
  },
  async ({t, guest}) => {
    const {dimm, process} = await bound(guest);
    await process.fill();
    await dimm.unplug();
    t.is(await process.pagesByNode(), {N0: PAGES}, 'its pages by node');
    t.is(await process.changedPages(), 0, 'pages that lost their content');
    t.is(await cpusetNodes(guest, '0'), {mems: '1', effective: '0'}, 'memory nodes of the cpuset');
    t.is(await process.writeToPipe(), 'none', 'error when it writes to a pipe now', 'node 0 has kernel zones');
    await process.end();
  },
);
