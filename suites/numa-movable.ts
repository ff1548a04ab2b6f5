// Two nodes of which one is all Movable: what a process gets there that asks for it by a memory policy, not a cpuset.
import {MiB} from '../lib/conformance/expected/units.ts';
import {bindToNode, kernelMemory, type BoundBy, type BoundProcess} from '../lib/conformance/workload/bound.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Dimm} from '../lib/conformance/guest/dimm.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {calmKhugepaged} from '../lib/conformance/workload/quiet.ts';

const HEAD = {
  needs: ['device:dimm', 'memory-hotremove', 'numa', 'command:perl', 'arch:amd64'] as const,
  machine: 'q35-empty-node',
  seconds: 60,
};
const MIB = 32;
const PAGES = MIB * 256;
const NOTHING = {Slab: 0, PageTables: 0, KernelStack: 0};

/** A DIMM of one block in Movable, all that node 1 has, and a process with a memory policy for it. */
async function withPolicy(guest: CaseGuest, by: BoundBy): Promise<{dimm: Dimm; process: BoundProcess}> {
  await calmKhugepaged(guest);
  await guest.setPolicy('offline');
  const dimm = await guest.plugDimm({id: 'far', size: guest.inBlocks(1), node: 1});
  await dimm.online('online_movable');
  const process = await bindToNode(guest, 1, MIB, by);
  await process.fill();
  return {dimm, process};
}

conformance(
  'numa/movable-node-bind',
  {
    title:
      'A process whose memory policy is a node with Movable memory alone (MPOL_BIND) has its memory there, and ' +
      "kernel memory from the other node; it outlives the node's only DIMM, and its policy goes to the other node",
    claims: ['linux/mempolicy/movable-only', 'linux/mempolicy/follows-nodes', 'linux/offline/migrates'],
    ...HEAD,
  },
  async ({t, guest}) => {
    const {dimm, process} = await withPolicy(guest, 'bind');
    t.is(await process.pagesByNode(), {N1: PAGES}, 'its pages by node', 'its policy is bind:1, and there is room');
    t.is(
      await process.writeToPipe(),
      'none',
      'error when it writes to a pipe',
      'a policy of Movable nodes alone holds for movable memory alone (apply_policy_zone() of ' +
        'mm/mempolicy.c), unlike ' +
        'a cpuset',
    );
    t.is(await kernelMemory(guest, 1), NOTHING, 'KiB of kernel memory on node 1', 'ZONE_MOVABLE has none');
    await dimm.unplug();
    t.is(
      await process.policyOnce('bind:0'),
      'bind:0',
      'its policy once node 1 has no memory',
      'mpol_rebind_nodemask(): the nodes that are left',
    );
    t.is(await process.pagesByNode(), {N0: PAGES}, 'its pages by node then', 'only node 0 has memory');
    t.is(await process.changedPages(), 0, 'pages that lost their content');
    t.is(await process.takeMore(MIB), 'none', 'what becomes of it when it takes more', 'node 0 has room');
    await process.end();
  },
);

conformance(
  'numa/movable-node-full',
  {
    title:
      'A process that prefers a node with Movable memory alone gets memory of the other node once that one is ' +
      'full: none is killed',
    claims: ['linux/mempolicy/preferred', 'linux/mempolicy/movable-only'],
    ...HEAD,
  },
  async ({t, guest}) => {
    const {dimm, process} = await withPolicy(guest, 'preferred');
    t.is(await process.pagesByNode(), {N1: PAGES}, 'its pages by node', 'its policy is prefer:1, and there is room');
    t.is(
      await process.takeMore(dimm.size / MiB),
      'none',
      'what becomes of it when it takes as much as the node has once more',
      'MPOL_PREFERRED: node 1 first, then any other',
    );
    t.is(await kernelMemory(guest, 1), NOTHING, 'KiB of kernel memory on node 1, which is full', 'as before');
    t.is(await process.changedPages(), 0, 'pages that lost their content');
    await process.end();
    await dimm.unplug();
  },
);
