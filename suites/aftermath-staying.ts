// The suite aftermath, part six: blocks that refuse because of what they are or hold, and their answers from then on.
import {putBack, takeOut, writeTo} from '../lib/conformance/after-failure/acts.ts';
import {compareObject, type Act, type Prepare} from '../lib/conformance/after-failure/object.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {allocateMemory} from '../lib/conformance/workload/allocated.ts';
import {fillKernelMemory} from '../lib/conformance/workload/load.ts';
import {movableDimm} from '../lib/conformance/workload/movable-dimm.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {poison} from '../lib/conformance/guest/poison.ts';

/** Writes to each door of a block, which must refuse them with this error. */
async function refuse(
  t: Checks,
  guest: CaseGuest,
  id: number,
  words: {state: string; online: string},
  errno: string,
): Promise<void> {
  for (const file of ['state', 'online'] as const) {
    const seen = await guest.block(id).write(file, words[file]);
    t.is(seen.errno, errno, `error when ${words[file]} is written to ${file}`);
  }
}

/** What an online block is asked that can't go offline: every word at every door. */
const asked = (guest: CaseGuest, id: number): Act[] => [
  writeTo(guest, id, 'online', '1'),
  ...['online', 'online_kernel', 'online_movable', 'offline'].map((word) => writeTo(guest, id, 'state', word)),
  writeTo(guest, id, 'online', '0'),
];

const OFFLINE = {state: 'offline', online: '0'};

interface Row {
  readonly that: string;
  readonly claims: readonly string[];
  readonly needs?: readonly Need[];
  readonly prepare: Prepare;
}

const ROWS: Readonly<Record<string, Row>> = {
  'mixed-zones': {
    that: 'several zones share, and that refused to go offline',
    claims: ['linux/offline/failure-unchanged', 'linux/valid-zones/none'],
    needs: ['mixed-block'],
    prepare: (guest) =>
      Promise.resolve({fail: (t) => refuse(t, guest, 0, OFFLINE, 'EINVAL'), life: asked(guest, 0), blocks: [0]}),
  },
  'kernel-memory': {
    that: 'holds kernel memory, and that refused to go offline',
    claims: ['linux/offline/failure-unchanged'],
    needs: ['zone-above-boot'],
    prepare: async (guest) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({id: 'dimm', size: guest.inBlocks(1)});
      await dimm.online('online_kernel');
      await fillKernelMemory(guest);
      const [id = 0] = dimm.blockIds;
      const life = [...asked(guest, id), takeOut(guest, 'dimm')];
      return {fail: (t) => refuse(t, guest, id, OFFLINE, 'EBUSY'), life, blocks: [id]};
    },
  },
  'bad-page': {
    that: 'has a bad page, and that refused to go online',
    claims: ['linux/sysfs/hard-offline', 'linux/online/failure-unchanged', 'linux/remove/blocks-gone'],
    needs: ['kernel-config', 'config:CONFIG_MEMORY_FAILURE', 'command:perl', 'kernel>=6.2'],
    prepare: async (guest) => {
      const {dimm, block} = await movableDimm(guest);
      const allocated = await allocateMemory(guest, 4, 'small');
      guest.checks.require(await allocated.pagesIn(block), allocated.pages, 'pages of the process in the block');
      const {errno} = await poison(guest, 'hard', await allocated.frameOf(100));
      guest.checks.require(errno, 'none', 'error of hard_offline_page');
      await allocated.release();
      await block.offline();
      const place = {...dimm.device};
      return {
        fail: (t) => refuse(t, guest, block.id, {state: 'online_movable', online: '1'}, 'EHWPOISON'),
        life: [
          writeTo(guest, block.id, 'state', 'online'),
          takeOut(guest, dimm.id),
          putBack(guest, place),
          writeTo(guest, block.id, 'online', '1'),
        ],
        blocks: [block.id],
      };
    },
  },
};

for (const [name, {that, claims, needs = [], prepare}] of Object.entries(ROWS)) {
  conformance(
    `aftermath/block-${name}`,
    {
      title: `A block that ${that}, answers everything else as one that wasn't asked before`,
      claims,
      needs: ['device:dimm', 'memory-hotremove', 'vmm:qemu', 'config:CONFIG_MEMORY_ISOLATION', ...needs],
      seconds: 60,
    },
    ({t, guest, untouched}) => compareObject(t, guest, untouched, prepare),
  );
}
