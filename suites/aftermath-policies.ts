// The suite aftermath, part five: what is plugged or onlined next after a policy or a parameter was refused a value.
import {MiB} from '../lib/conformance/expected/units.ts';
import {onlineAll, putBack, takeOut, writeTo} from '../lib/conformance/after-failure/acts.ts';
import {compareObject, type Act} from '../lib/conformance/after-failure/object.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {setParameters} from '../lib/conformance/guest/parameters.ts';
import {PARAMETERS} from '../lib/conformance/guest/sysfs.ts';
import {allOf, errnosOf} from '../lib/conformance/workload/refused.ts';
import {VirtioMem} from '../lib/conformance/devices/virtio-mem.ts';

const NEEDS = ['device:dimm', 'memory-hotremove', 'config:CONFIG_MEMORY_ISOLATION'] as const;
/** The next DIMM, of two blocks, where memory devices begin. */
const nextDimm = (guest: CaseGuest): Parameters<typeof putBack>[1] => ({
  id: 'next',
  size: 2 * guest.blockSize,
  slot: 0,
  address: guest.board.deviceMemory,
});
/** Its blocks. */
const blocksOfNext = (guest: CaseGuest): number[] => [guest.deviceBlock, guest.deviceBlock + 1];

/** Words that auto_online_blocks doesn't know. */
const WORDS = ['on\n', '1\n', 'Online\n', ' online\n', 'online_normal\n', 'movable\n', '\n'];

for (const policy of ['offline', 'online', 'online_movable'] as const) {
  conformance(
    `aftermath/policy-${policy.replace('_', '-')}-refused-words`,
    {
      title: `After auto_online_blocks, which reads ${policy}, refused words, the next DIMM is treated as before`,
      claims: ['linux/auto/policies', 'linux/auto/only-later'],
      needs: [...NEEDS, 'vmm:qemu'],
      seconds: 60,
    },
    ({t, guest, untouched}) =>
      compareObject(t, guest, untouched, async (one) => {
        await one.setPolicy(policy);
        const [dimm, blocks] = [nextDimm(one), blocksOfNext(one)];
        const again = policy === 'online' ? [] : [...onlineAll(one, blocks), takeOut(one, dimm.id), putBack(one, dimm)];
        return {
          fail: async (checks) => {
            const seen = await errnosOf(one, 'auto_online_blocks', WORDS);
            checks.is(seen, allOf(WORDS, 'EINVAL'), 'errors of auto_online_blocks');
          },
          life: [putBack(one, dimm), ...again],
          blocks,
        };
      }),
  );
}

/** What each parameter doesn't know, with its error. */
const REFUSED = [
  {name: 'online_policy', texts: ['auto\n', 'contig\n', '1\n', 'online_movable\n'], errno: 'EINVAL'},
  {name: 'auto_movable_ratio', texts: ['x\n', '-1\n', '1.5\n', '0x\n'], errno: 'EINVAL'},
  {name: 'auto_movable_ratio', texts: ['4294967296\n'], errno: 'ERANGE'},
] as const;

/** Policies, each at a ratio that three blocks of plugged memory fit into. */
for (const policy of ['contig-zones', 'auto-movable'] as const) {
  conformance(
    `aftermath/params-${policy}-refused-values`,
    {
      title: `After online_policy, which reads ${policy}, and the ratio refused values, blocks get the zones of before`,
      claims: ['linux/params/bad-input', `linux/policy/${policy}`, 'linux/online/file'],
      needs: [...NEEDS, 'kernel>=5.15'],
      seconds: 60,
    },
    ({t, guest, untouched}) =>
      compareObject(t, guest, untouched, async (one) => {
        await one.setPolicy('offline');
        await setParameters(one, {online_policy: policy, auto_movable_ratio: 150});
        const dimm = await one.plugDimm({id: 'there', size: guest.inBlocks(2)});
        const [low = 0, high = 0] = dimm.blockIds;
        const next = {...nextDimm(one), slot: 1, address: dimm.device.address + dimm.size};
        return {
          fail: async (checks) => {
            for (const {name, texts, errno} of REFUSED) {
              const seen = await errnosOf(one, `${PARAMETERS}/${name}`, texts);
              checks.is(seen, allOf(texts, errno), `errors of ${name} (${errno})`);
            }
          },
          life: [
            writeTo(one, low, 'online', '1'),
            writeTo(one, high, 'state', 'online'),
            putBack(one, next),
            writeTo(one, high + 1, 'online', '1'),
          ],
          blocks: [low, high, high + 1, high + 2],
        };
      }),
  );
}

const DRIVER = ['device:virtio-mem', 'memory-hotremove', 'config:CONFIG_MEMORY_ISOLATION'] as const;

/** A size that a virtio-mem device is asked for; the answer is the size that it has then. */
const resize = (guest: CaseGuest, vm: VirtioMem, size: string): Act => ({
  title: `ask for ${size} of ${vm.id}`,
  run: async () => {
    await vm.request(size);
    return vm.size;
  },
});

conformance(
  'aftermath/virtio-refused-sizes',
  {
    title: "After sizes that it can't have, a virtio-mem device grows and shrinks as one that was never asked for them",
    claims: ['linux/virtio-mem/bad-sizes', 'linux/virtio-mem/converges'],
    needs: DRIVER,
    machine: 'q35-virtio',
    seconds: 60,
  },
  ({t, guest, untouched}) =>
    compareObject(t, guest, untouched, async (one) => {
      await one.setPolicy('online_movable');
      const vm = new VirtioMem(one);
      await vm.resize('256M');
      const ids = [0, 1, 2].map((i) => (vm.blocks[0]?.id ?? 0) + i);
      return {
        fail: async (checks) => {
          for (const bytes of [4096 * MiB, MiB]) {
            checks.is((await vm.tryRequest(bytes)).accepted, false, `QEMU accepts ${bytes} bytes`);
          }
        },
        life: ['384M', '192M', '0', '128M'].map((size) => resize(one, vm, size)),
        blocks: ids,
      };
    }),
);

for (const word of ['online_kernel', 'online_movable'] as const) {
  conformance(
    `aftermath/virtio-refused-${word.replace('online_', '')}`,
    {
      title: `Blocks of a virtio-mem device that were refused ${word} go on as ones that nothing was refused`,
      claims: ['linux/online/failure-unchanged', 'linux/online/file', 'linux/virtio-mem/converges'],
      needs: DRIVER,
      machine: 'q35-virtio',
      seconds: 60,
    },
    ({t, guest, untouched}) =>
      compareObject(t, guest, untouched, async (one) => {
        await one.setPolicy('offline');
        const vm = new VirtioMem(one);
        await vm.resize('384M');
        const [low = 0, middle = 0, high = 0] = vm.blocks.map(({id}) => id);
        for (const block of vm.blocks) await block.online('online_movable');
        return {
          fail: async (checks) => {
            for (const id of [middle, high]) {
              const {errno} = await one.block(id).write('state', word);
              checks.is(errno, 'EINVAL', `error when ${word} is written to memory${id}`, 'it is online');
            }
          },
          life: [middle, high].flatMap((id) => [writeTo(one, id, 'online', '0'), writeTo(one, id, 'online', '1')]),
          blocks: [low, middle, high],
        };
      }),
  );
}
