// The suite aftermath, part two: what a block that was refused something does afterwards, by every door, among
// neighbours in every zone.
import {DOORS, NEEDS_OF, lifeOf, objectsAmongNeighbours, type Door} from '../lib/conformance/after-failure/blocks.ts';
import {compareObject} from '../lib/conformance/after-failure/object.ts';
import {boots} from '../lib/conformance/runner/boots.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import type {Checks} from '../lib/conformance/verdict/checks.ts';
import type {CaseGuest} from '../lib/conformance/guest/guest.ts';
import type {Need} from '../lib/conformance/runner/needs.ts';
import {allOf, errnosOf, veto} from '../lib/conformance/workload/refused.ts';

type Fail = (t: Checks, guest: CaseGuest, ids: readonly number[]) => Promise<void>;

interface Row {
  /** What was refused, in the title's words: `a block that …`. */
  readonly that: string;
  /** The state of the blocks then. */
  readonly start: 'online' | 'offline';
  readonly doors: readonly Door[];
  readonly claims: readonly string[];
  readonly needs?: readonly Need[];
  readonly boot?: {readonly append: string};
  readonly fail: Fail;
}

const INJECT: readonly Need[] = ['kernel-config', 'config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT'];
/** Before 6.8 only blocks that are a DIMM of their own hold their memory map. */
const OWN_MEMMAP: readonly Need[] = [...INJECT, 'config:CONFIG_MHP_MEMMAP_ON_MEMORY', 'kernel>=6.8'];
const ONLINE = ['linux/online/failure-unchanged', 'linux/online/file', 'linux/valid-zones/offline'];
const OFFLINE = ['linux/offline/failure-unchanged', 'linux/online/file'];

/** Writes to a file of each block, which must be refused with this error. */
async function refuse(
  t: Checks,
  guest: CaseGuest,
  ids: readonly number[],
  {file, words, errno, because}: {file: 'state' | 'online'; words: readonly string[]; errno: string; because: string},
): Promise<void> {
  const texts = words.map((word) => `${word}\n`);
  for (const id of ids) {
    const seen = await errnosOf(guest, `memory${id}/${file}`, texts);
    t.is(seen, allOf(texts, errno), `errors of ${file} of memory${id}`, because);
  }
}

const alreadyThere =
  (word: string, because: string): Fail =>
  (t, guest, ids) =>
    refuse(t, guest, ids, {file: 'state', words: [word], errno: 'EINVAL', because});

const notKnown: Fail = async (t, guest, ids) => {
  const words = ['on', '1', 'online_normal', 'Offline', ' online_movable'];
  await refuse(t, guest, ids, {file: 'state', words, errno: 'EINVAL', because: 'state knows four words'});
  const because = 'online takes what kstrtobool() takes';
  await refuse(t, guest, ids, {file: 'online', words: ['2', 'maybe', ' 1'], errno: 'EINVAL', because});
};

const offlineVetoed: Fail = async (t, guest, ids) => {
  const answer = {errno: 'EBUSY', because: 'the notifier answers with -16'};
  await veto(guest, 'MEM_GOING_OFFLINE', 16);
  await refuse(t, guest, ids, {file: 'state', words: ['offline'], ...answer});
  await refuse(t, guest, ids, {file: 'online', words: ['0'], ...answer});
  await veto(guest, 'MEM_GOING_OFFLINE', 0);
};

const onlineVetoed: Fail = async (t, guest, ids) => {
  const answer = {errno: 'ENOMEM', because: 'the notifier answers with -12'};
  await veto(guest, 'MEM_GOING_ONLINE', 12);
  await refuse(t, guest, ids, {file: 'state', words: ['online_kernel', 'online', 'online_movable'], ...answer});
  await refuse(t, guest, ids, {file: 'online', words: ['1'], ...answer});
  await veto(guest, 'MEM_GOING_ONLINE', 0);
};

const ROWS: Readonly<Record<string, Row>> = {
  'refused-kernel': {
    that: 'is online and was refused online_kernel',
    start: 'online',
    doors: ['online', 'state', 'replug', 'rollback'],
    claims: ONLINE,
    fail: alreadyThere('online_kernel', 'it is online'),
  },
  'refused-movable': {
    that: 'is online and was refused online_movable',
    start: 'online',
    doors: ['online', 'state', 'replug', 'rollback'],
    claims: ONLINE,
    fail: alreadyThere('online_movable', 'it is online'),
  },
  'refused-plain': {
    that: 'is online and was refused online',
    start: 'online',
    doors: ['online', 'rollback'],
    claims: ONLINE,
    fail: alreadyThere('online', 'it is online'),
  },
  'words-online': {
    that: "is online and was given words that its files don't know",
    start: 'online',
    doors: ['online', 'replug'],
    claims: ['linux/offline/bad-input', ...OFFLINE],
    fail: notKnown,
  },
  'words-offline': {
    that: "is offline and was given words that its files don't know",
    start: 'offline',
    doors: ['online', 'state'],
    claims: ['linux/offline/bad-input', ...ONLINE],
    fail: notKnown,
  },
  'offline-twice': {
    that: 'is offline and was refused offline',
    start: 'offline',
    doors: ['online', 'replug'],
    claims: OFFLINE,
    fail: alreadyThere('offline', 'it is offline'),
  },
  'offline-vetoed': {
    that: "couldn't go offline because a part of the kernel vetoed it",
    start: 'online',
    doors: ['online', 'state', 'replug', 'rollback'],
    claims: OFFLINE,
    needs: INJECT,
    fail: offlineVetoed,
  },
  'online-vetoed': {
    that: "couldn't go online because a part of the kernel vetoed it",
    start: 'offline',
    doors: ['online', 'state', 'replug'],
    claims: ONLINE,
    needs: INJECT,
    fail: onlineVetoed,
  },
  'memmap-offline-vetoed': {
    that: "holds its own memory map and couldn't go offline",
    start: 'online',
    doors: ['replug'],
    claims: [...OFFLINE, 'linux/memmap-on-memory/effect'],
    needs: OWN_MEMMAP,
    boot: boots.ownMemmap,
    fail: offlineVetoed,
  },
  'memmap-online-vetoed': {
    that: "holds its own memory map and couldn't go online",
    start: 'offline',
    doors: ['online'],
    claims: [...ONLINE, 'linux/memmap-on-memory/effect'],
    needs: OWN_MEMMAP,
    boot: boots.ownMemmap,
    fail: onlineVetoed,
  },
};

for (const [name, {that, start, doors, claims, needs = [], boot, fail}] of Object.entries(ROWS)) {
  for (const door of doors) {
    conformance(
      `aftermath/block-${name}-then-${door}`,
      {
        title: `A block that ${that} goes on as one that nothing was refused: ${DOORS[door]}`,
        claims,
        needs: [...NEEDS_OF[door], 'config:CONFIG_MEMORY_ISOLATION', ...needs],
        ...(boot ? {boot} : {}),
        seconds: 60,
      },
      async ({t, guest, untouched}) => {
        await compareObject(t, guest, untouched, async (one) => {
          const {dimm, objects} = await objectsAmongNeighbours(one, door, start);
          const life = lifeOf(one, dimm, objects, door);
          return {fail: (checks) => fail(checks, one, objects), life, blocks: dimm.blockIds};
        });
      },
    );
  }
}
