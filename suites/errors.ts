// What QEMU refuses when memory is plugged: each error leaves QEMU, its backends and the guest as they were.
import {MiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {fileBackend} from '../lib/conformance/host/host-memory.ts';
import {askMonitor, backendIds, type Question} from '../lib/conformance/host/monitor.ts';

const ram = {'qom-type': 'memory-backend-ram', id: 'extra', size: 128 * MiB};
const memfd = {...ram, 'qom-type': 'memory-backend-memfd'};
const dimm = {driver: 'pc-dimm', id: 'dimm1', memdev: 'spare'};

const object = (args: object): Question => ({command: 'object-add', args: {...ram, ...args}});
const device = (args: object): Question => ({command: 'device_add', args: {...dimm, ...args}});

/** Beside a DIMM dimm0 in slot 0 and a backend of 128 MiB, spare, that no DIMM has. */
const REFUSED = {
  'backend-id-taken': {ask: object({id: 'spare'}), why: 'there is a backend of that id'},
  'backend-id-taken-hmp': {
    ask: 'object_add memory-backend-ram,id=spare,size=128M',
    why: 'there is a backend of that id',
  },
  'backend-size-missing': {
    ask: {command: 'object-add', args: {'qom-type': 'memory-backend-ram', id: 'extra'}},
    why: 'a backend has a size',
  },
  'backend-beyond-the-host': {ask: object({size: 2 ** 50}), why: 'no host has 1 PiB to give'},
  'backend-type-unknown': {ask: object({'qom-type': 'memory-backend-rom'}), why: 'there is no such type of backend'},
  'backend-property-unknown': {ask: object({colour: 'green'}), why: 'backends have no such property'},
  'backend-property-unknown-hmp': {
    ask: 'object_add memory-backend-ram,id=extra,size=128M,colour=green',
    why: 'backends have no such property',
  },
  'file-path-missing': {ask: object({'qom-type': 'memory-backend-file'}), why: 'a file has a path'},
  'file-directory-missing': {
    ask: object(fileBackend('nowhere/dimm.ram', true)),
    why: "the file's directory doesn't exist",
  },
  'hugepage-size-odd': {
    ask: object({...memfd, hugetlb: true, hugetlbsize: 3 * MiB}),
    why: 'there are no huge pages of 3 MiB',
  },
  'policy-unknown': {ask: object({policy: 'somewhere'}), why: 'there is no such NUMA policy'},
  'policy-without-host-nodes': {ask: object({policy: 'bind'}), why: 'binding needs nodes of the host to bind to'},
  'host-nodes-without-policy': {
    ask: object({'host-nodes': [0]}),
    why: 'without a policy nodes of the host mean nothing',
  },
  'host-node-missing': {ask: object({policy: 'bind', 'host-nodes': [100]}), why: 'the host has no node 100'},
  'dimm-without-memory': {
    ask: {command: 'device_add', args: {driver: 'pc-dimm', id: 'dimm1'}},
    why: 'a DIMM has a backend',
  },
  'dimm-of-boot-memory': {ask: device({memdev: 'ram'}), why: 'that memory is boot memory'},
  'dimm-property-unknown': {ask: device({colour: 'green'}), why: 'DIMMs have no such property'},
  'driver-unknown': {ask: device({driver: 'pc-simm'}), why: 'there is no such device'},
  'driver-unknown-hmp': {ask: 'device_add pc-simm,id=dimm1,memdev=spare', why: 'there is no such device'},
  'node-missing': {ask: device({node: 1}), why: 'the guest has node 0 alone'},
  'node-missing-hmp': {ask: 'device_add pc-dimm,id=dimm1,memdev=spare,node=1', why: 'the guest has node 0 alone'},
  'slot-negative': {ask: device({slot: -2}), why: 'slots are numbered from 0; only -1 means any'},
  'slot-no-number': {ask: device({slot: 'first'}), why: 'a slot is a number'},
  'address-beyond-all': {ask: device({addr: 2 ** 52}), why: 'that is beyond the region for memory devices'},
  'backend-in-use-deleted': {ask: {command: 'object-del', args: {id: 'mem-dimm0'}}, why: 'dimm0 has it'},
  'backend-unknown-deleted': {ask: {command: 'object-del', args: {id: 'nothing'}}, why: 'there is no such backend'},
  'dimm-unknown-unplugged': {ask: {command: 'device_del', args: {id: 'nothing'}}, why: 'there is no such DIMM'},
  'dimm-unknown-unplugged-hmp': {ask: 'device_del nothing', why: 'there is no such DIMM'},
} satisfies Record<string, {ask: Question; why: string}>;

for (const [name, {ask, why}] of Object.entries(REFUSED)) {
  conformance(
    `errors/${name}`,
    {
      title: `QEMU refuses ${name.replaceAll('-', ' ')}: ${why}; all is as before, and what is in order can be plugged`,
      claims: ['qemu/errors'],
      needs: ['device:dimm', 'vmm:qemu'],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      await guest.plugDimm({size: guest.inBlocks(1)});
      await askMonitor(guest, {command: 'object-add', args: {...ram, id: 'spare', size: guest.blockSize}});
      const before = guest.now;
      const backends = await backendIds(guest);
      const answer = await askMonitor(guest, ask);
      t.is(answer.accepted, false, 'QEMU accepts it', `${why}; it said: ${answer.words}`);
      guest.expectUnchanged(before, 'after the refusal');
      t.is(await backendIds(guest), backends, "QEMU's memory backends after the refusal", 'as before');
      const good = await askMonitor(guest, device({}));
      t.is(good.words, '', "QEMU's answer to a DIMM with the spare backend");
      t.is(
        guest.now.vmm.devices.map(({id, slot}) => `${id} in ${slot ?? 'no slot'}`),
        ['dimm0 in 0', 'dimm1 in 1'],
        "QEMU's memory devices then",
      );
    },
  );
}
