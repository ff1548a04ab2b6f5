// What becomes of adding, onlining and offlining memory when the kernel has no memory for it: fault injection lets one
// allocation after the other fail.
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import {plugAndLook} from '../lib/conformance/guest/plug-and-look.ts';
import {
  addDimm,
  askToRemove,
  deleteBackend,
  eventMark,
  ostMeaning,
  unplugAnswer,
  unplugDevice,
} from '../lib/conformance/host/qemu.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {FailingAllocations, type AllocationKind} from '../lib/conformance/workload/failing-allocation.ts';
import {movableDimm} from '../lib/conformance/workload/movable-dimm.ts';

const NEEDS: readonly Need[] = [
  'device:dimm',
  'memory-hotremove',
  'kernel-config',
  'config:CONFIG_FAULT_INJECTION_STACKTRACE_FILTER',
];
const OPTION = {pages: 'config:CONFIG_FAIL_PAGE_ALLOC', objects: 'config:CONFIG_FAILSLAB'} as const;
const THING = {pages: 'page', objects: 'object of the slab allocator'} as const;

/** One attempt: does it work or not, as words? It is one step; what it did is undone by `undo`. */
interface Attempt {
  readonly attempt: () => Promise<string>;
  /** What the attempt says where the kernel had no memory; nothing has changed then. */
  readonly refused: string;
  /** What it says where it worked, and makes it as before. */
  readonly worked: string;
  readonly undo: () => Promise<void>;
  /** What may have changed though it was refused, until it is cleaned up. */
  readonly cleanUp?: () => Promise<void>;
}

/** Lets the first allocation below a function fail, then the second, until there are no more. */
async function eachOnce(
  t: Checks,
  guest: CaseGuest,
  allocations: FailingAllocations,
  {attempt, refused, worked, undo, cleanUp}: Attempt,
): Promise<void> {
  const before = guest.now;
  for (let nth = 1; ; nth += 1) {
    const {result, callers} = await allocations.nth(nth, attempt);
    if (callers === undefined) {
      t.atLeast(nth - 1, 1, 'allocations that were made to fail', 'one after the other, until there were no more');
      t.is(result, worked, 'the attempt in which none failed');
      await undo();
      return;
    }
    const where = `allocation ${nth} fails`;
    const because = callers.length > 0 ? `it is of ${callers.join(' < ')}` : 'its caller wants no word of it';
    t.oneOf(result, [worked, refused], `what became of it where ${where}`, because);
    if (result === worked) await undo();
    else await cleanUp?.();
    guest.expectUnchanged(before, `after ${where}`);
  }
}

for (const kind of ['pages', 'objects'] as const satisfies AllocationKind[]) {
  const needs: readonly Need[] = [...NEEDS, OPTION[kind]];
  conformance(
    `allocation/add-${kind}`,
    {
      title:
        `Whichever ${THING[kind]} the kernel can't get while it adds a DIMM, it adds it or leaves no trace of it, and ` +
        'afterwards it can be added',
      claims: ['linux/add/no-memory', 'linux/acpi/plug'],
      needs: [...needs, 'acpi', 'vmm:qemu'],
      seconds: 300,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const not = kind === 'objects' ? FIRMWARE_MAP : guest.board.arch === 'amd64' ? DIRECT_MAP : undefined; // own cases
      await eachOnce(t, guest, await FailingAllocations.below(guest, kind, '__add_memory', not), {
        attempt: async () => {
          const {taken, words} = await plugAndLook(guest, {id: 'dimm0', size: guest.inBlocks(1)});
          return `${taken ? 'added' : 'nothing added'}: ${words}`;
        },
        worked: `added: ${ostMeaning(0)}`,
        refused: `nothing added: ${ostMeaning(1)}`,
        undo: () => takeOut(t, guest),
        cleanUp: () => takeOut(t, guest),
      });
    },
  );

  conformance(
    `allocation/online-${kind}`,
    {
      title:
        `Whichever ${THING[kind]} the kernel can't get while it onlines a block and keeps the owner of each page ` +
        '(page_owner=on), the block is online or as it was',
      claims: ['linux/online/failure-unchanged'],
      needs: [...needs, 'config:CONFIG_PAGE_OWNER'],
      boot: boots.allocations, // without page_owner= it allocates nothing
      seconds: 120,
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)});
      const block = guest.block(dimm.blockIds[0] ?? 0);
      await eachOnce(t, guest, await FailingAllocations.below(guest, kind, 'memory_subsys_online'), {
        attempt: async () => (await block.write('state', 'online_movable')).errno,
        worked: 'none',
        refused: 'ENOMEM',
        undo: () => block.offline(),
      });
    },
  );
}

conformance(
  'allocation/offline-pages',
  {
    title:
      `Whichever page the kernel can't get while it offlines a block, the block is offline or as it was, and ` +
      'what a process has there is unharmed',
    claims: ['linux/offline/failure-unchanged', 'linux/offline/migrates'],
    needs: [...NEEDS, OPTION.pages, 'command:sha256sum'],
    seconds: 120,
  },
  async ({t, guest}) => {
    const {block} = await movableDimm(guest);
    const pages = 16;
    const dir = '/run/memhp.tmpfs';
    const file = `${dir}/data`;
    await guest.step(`write a file of ${pages} pages to a tmpfs`, () =>
      guest.sh(
        `mkdir -p ${dir} && mount -t tmpfs none ${dir} &&
        head -c ${pages * guest.board.page} /dev/urandom >${file}`,
      ),
    );
    const read = async (): Promise<string> => (await guest.sh(`sha256sum <${file}`)).trim();
    const moved = async (): Promise<number> =>
      Number(await guest.sh(`awk '$1 == "pgmigrate_success" {print $2}' /proc/vmstat`));
    const [content, start] = [await read(), await moved()];
    let worked = 0;
    await eachOnce(t, guest, await FailingAllocations.below(guest, 'pages', 'memory_subsys_offline'), {
      attempt: async () => (await block.write('state', 'offline')).errno,
      worked: 'none',
      refused: 'ENOMEM',
      undo: async () => {
        worked += 1;
        await block.online('online_movable');
        await guest.step('write the file anew', () => guest.sh(`cp ${file} ${file}.new && mv ${file}.new ${file}`));
      },
    });
    t.atLeast((await moved()) - start, worked * pages, 'pages that were migrated', 'all of the file, each time');
    t.is(await read(), content, 'SHA-256 of the file', 'none of it is lost');
  },
);

/** The function by which x86 maps memory that is added. */
const DIRECT_MAP = 'init_memory_mapping';
/** The one that lists it in /sys/firmware/memmap. */
const FIRMWARE_MAP = 'firmware_map_add_hotplug';

conformance(
  'allocation/add-direct-map',
  {
    title: "A DIMM for whose direct mapping the kernel can't get a page is added or refused, and the kernel goes on",
    claims: ['linux/add/no-memory', 'linux/acpi/plug'],
    needs: [...NEEDS, OPTION.pages, 'acpi', 'vmm:qemu', 'arch:amd64'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const {blocks} = guest.now;
    const allocations = await FailingAllocations.below(guest, 'pages', DIRECT_MAP);
    const {callers, result} = await allocations.nth(1, () =>
      guest.step('plug dimm0, until its block is there or the kernel says that it failed', async () => {
        await addDimm(guest, {id: 'dimm0', size: guest.inBlocks(1)});
        const ended = `[ -e /sys/devices/system/memory/memory${guest.deviceBlock} ] || dmesg | grep -E`;
        return guest.sh(`until ${ended} 'add_memory failed|BUG: |Oops'; do :; done`);
      }),
    );
    t.is(callers?.[0], '__alloc_pages_noprof', 'the kernel could not get a page', 'for a table of the direct mapping');
    const added = guest.now.blocks.length - blocks.length;
    t.oneOf(
      result === '' ? `${added} blocks` : result.includes('add_memory failed') ? 'refused' : 'the kernel is broken',
      ['1 blocks', 'refused'],
      'what became of the DIMM',
    );
  },
);

conformance(
  'allocation/add-firmware-map',
  {
    title:
      "A DIMM that the kernel can't get an object for to list it in /sys/firmware/memmap comes and goes like any other",
    claims: ['linux/add/no-memory', 'linux/remove/blocks-gone'],
    needs: [...NEEDS, OPTION.objects, 'acpi', 'vmm:qemu', 'config:CONFIG_FIRMWARE_MEMMAP'],
    boot: boots.allocations,
    seconds: 120,
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const before = guest.now;
    const allocations = await FailingAllocations.below(guest, 'objects', FIRMWARE_MAP);
    for (let nth = 1, more = true; more; nth += 1) {
      const size = guest.inBlocks(1);
      const {result: dimm, callers} = await allocations.nth(nth, () => guest.plugDimm({id: 'dimm0', size}));
      more = callers !== undefined;
      if (!more) t.atLeast(nth - 1, 1, 'allocations that were made to fail', 'until there were no more');
      const mark = eventMark(guest);
      const broken = await guest.step('unplug dimm0, until its block is gone or the kernel is broken', async () => {
        await askToRemove(guest, 'dimm0');
        const gone = `[ ! -e /sys/devices/system/memory/memory${guest.deviceBlock} ]`;
        const said = await guest.sh(`until ${gone} || dmesg | grep -E 'BUG: |Oops'; do :; done`);
        if (said === '') await unplugAnswer(guest, mark, dimm);
        return said !== '';
      });
      const where = more ? `where allocation ${nth} failed` : 'where none failed';
      t.require(
        broken,
        false,
        'the request to take it out breaks the kernel',
        `${where}, of ${callers?.join(' < ') ?? 'nobody'}`,
      );
      await deleteBackend(guest, 'dimm0');
      guest.expectUnchanged(before, `after it was taken out, ${where}`);
    }
  },
);

async function takeOut(t: Checks, guest: CaseGuest): Promise<void> {
  t.require((await unplugDevice(guest, 'dimm0')).outcome, 'removed', 'how the request to take it out ended');
  await deleteBackend(guest, 'dimm0');
}
