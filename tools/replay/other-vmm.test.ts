// A hypervisor that exists in this test alone, with a guest in it that answers as a real one was recorded: a case, its
// verbs and all invariants work on it, and what is QEMU's own is refused. Nothing of memhp knows of it.
import test from 'ava';
import {execute} from '../../lib/conformance/runner/execute.ts';
import type {Case, CaseBody} from '../../lib/conformance/runner/case.ts';
import {slowness} from '../../lib/conformance/runner/run-case.ts';
import {absentNeed} from '../../lib/conformance/runner/needs.ts';
import type {GuestFacts} from '../../lib/machine/bring-up.ts';
import {amd64} from '../../lib/machine/board/amd64.ts';
import {guestBoard} from '../../lib/machine/board/board.ts';
import {Broken} from '../../lib/util/errors.ts';
import {bytes, gib, mib} from '../../lib/util/size.ts';
import type {DeviceSpec, MemoryDevice, Protocol, Vmm, VmmEvent, VmmView} from '../../lib/vmm/vmm.ts';
import {recordedClone} from './clone.ts';
import {recording} from './fixtures.ts';
import {Timeline} from './timeline.ts';

/** Guests shout when they have taken a device. */
const shouting: Protocol = {
  accepted: (events) => events.filter(({event}) => event === 'MINE').map(({data}) => String(data['device'])),
  failedSlots: () => [],
  strange: () => [],
};

/** A hypervisor of paper: it keeps its devices in a list, and remembers whom it told what. */
class Paper implements Vmm {
  readonly name = 'paper';
  readonly protocol = shouting;
  readonly #events: VmmEvent[] = [];
  readonly events = {mark: () => this.#events.length, since: (mark: number) => this.#events.slice(mark)};
  #devices: MemoryDevice[] = [];

  view(): Promise<VmmView> {
    const plugged = this.#devices.reduce((sum, {size}) => sum + size, 0);
    return Promise.resolve({base: gib(1), plugged: bytes(plugged), devices: [...this.#devices], balloon: null});
  }

  devices(): Promise<MemoryDevice[]> {
    return Promise.resolve([...this.#devices]);
  }

  plug({id}: DeviceSpec) {
    const address = id === 'misplaced' ? gib(8) : bytes(amd64.deviceMemory(gib(1)));
    const place = {address, size: mib(256), slot: 0, node: 0, memdev: ''};
    this.#devices.push({id, type: 'dimm', ...place});
    this.#events.push({event: 'MINE', data: {device: id}});
    return Promise.resolve({taken: true, words: 'mine!', success: 'mine!', by: 'a shout'});
  }

  unplug({id}: Pick<MemoryDevice, 'id'>) {
    this.#devices = this.#devices.filter((one) => one.id !== id);
    return Promise.resolve({outcome: 'removed' as const, statuses: [], events: []});
  }

  resize(): Promise<void> {
    return Promise.reject(new Broken('paper does not grow'));
  }
}

const run = (body: CaseBody) => {
  const entry: Case = {id: 'fixture/paper', suite: 'fixture', title: 'A', claims: ['x'], needs: ['device:dimm'], body};
  const timeline = new Timeline();
  return execute(entry, {
    open: (prefix) => Promise.resolve({...recordedClone(recording, prefix, timeline, new Map()), vmm: new Paper()}),
    limits: {shellMs: 5000, operationMs: 5000 * slowness('tcg')},
    ms: 20_000,
    graceMs: 0,
  });
};

test('a case runs on a hypervisor that memhp does not know, with its verbs and all invariants', async (t) => {
  const {checks, error, sessions} = await run(async ({t: case_, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    const dimm = await guest.plugDimm({size: '256M'});
    case_.is(dimm.blockIds, [32, 33], 'blocks of the DIMM');
    await dimm.unplug();
    guest.expectUnchanged(before, 'after plug and unplug');
  });
  t.is(error, undefined);
  t.deepEqual(
    checks.made.filter(({ok}) => !ok),
    [],
  );
  t.true((sessions[0]?.holding ?? 0) > 100);
  t.is(sessions[0]?.violated, 0);
});

test('what it says wrongly is seen by the invariants, as with QEMU', async (t) => {
  const {sessions} = await run(async ({guest}) => {
    await guest.setPolicy('offline');
    await guest.step('a device that is elsewhere in the guest', () =>
      guest.plug({kind: 'dimm', id: 'misplaced', size: '256M'}),
    );
  });
  t.true((sessions[0]?.violated ?? 0) > 0);
});

test("what is QEMU's own ends the case, and a case that needs it is skipped with a sentence", async (t) => {
  const {error} = await run(({guest}) => {
    t.truthy(guest.qmp);
    return Promise.resolve();
  });
  t.regex(String(error), /must name in its needs: vmm:qemu|uses what it must name/);
  const facts: GuestFacts = {kernel: '6.12', os: '', config: null, commands: [], shell: 'virtio'};
  const on = {facts, board: guestBoard(amd64, gib(1)), vmm: {name: 'paper', version: '1'}, accel: 'tcg'} as const;
  t.is(absentNeed(['vmm:qemu'], on), 'the guest runs in paper; this is about qemu');
  t.is(absentNeed(['qemu>=8.1'], on), 'the guest runs in paper; this is about QEMU');
});
