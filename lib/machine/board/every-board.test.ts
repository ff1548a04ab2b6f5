// What every board of the table must say, and what profiles can't be made on some of them.
import test from 'ava';
import {UsageError} from '../../util/errors.ts';
import {gib, kib, mib} from '../../util/size.ts';
import {cannotBeMade, nameOn, profileByName, profiles} from '../profile.ts';
import {arm64} from './arm64.ts';
import {guestBoard} from './board.ts';
import {boards} from './boards.ts';
import {flashArgs} from './firmware.ts';
import {ppc64el} from './ppc64el.ts';
import {riscv64} from './riscv64.ts';
import {s390x} from './s390x.ts';

for (const board of boards) {
  test(`${board.arch}: its sizes are powers of two, and memory devices lie behind its RAM`, (t) => {
    const guest = guestBoard(board, gib(1));
    for (const size of [guest.page, guest.pageblock, guest.largestPages, guest.blockSize(gib(1)).value])
      t.is(size & (size - 1), 0, String(size));
    t.true(guest.blockSize(gib(1)).value >= guest.largestPages);
    t.true(guest.deviceMemory >= board.ram + gib(1));
    t.is(guest.deviceMemory % gib(1), 0);
    t.is(new Set(Object.values(board.syscalls)).size, Object.keys(board.syscalls).length, 'each call has its number');
  });
}

test('a kernel of other base pages has other sections and huge pages', (t) => {
  const sizes = (page: number): number[] => {
    const {pageblock, largestPages, blockSize} = guestBoard(arm64, gib(1), page);
    return [pageblock, largestPages, blockSize(gib(2)).value];
  };
  t.deepEqual(sizes(kib(4)), [mib(2), mib(4), mib(128)]);
  t.deepEqual(sizes(kib(16)), [mib(32), mib(32), mib(128)]);
  t.deepEqual(sizes(kib(64)), [mib(512), mib(512), mib(512)]);
});

test('what a board cannot have is said in a sentence, and the rest can be made', (t) => {
  const why = (name: string, board: typeof arm64): string | undefined => cannotBeMade(profileByName(name), board);
  t.is(why('q35-ragged', ppc64el), 'its RAM and DIMMs come in units of 256 MiB');
  t.is(why('q35-split-block', ppc64el), 'its RAM and DIMMs come in units of 256 MiB');
  t.is(why('q35-coldplug', ppc64el), 'its RAM and DIMMs come in units of 256 MiB', 'one of its DIMMs has 128 MiB');
  t.is(why('q35-many-slots', ppc64el), 'it has 32 slots at most');
  t.is(why('q35-two-nodes', s390x), 'the machine has no NUMA nodes');
  t.regex(why('q35-two-nodes', riscv64) ?? '', /each node .* has a CPU/);
  t.is(why('q35-two-nodes', ppc64el), undefined);
  for (const profile of profiles) t.is(cannotBeMade(profile, arm64), undefined, profile.name);
});

test('a profile has the name of the machine that it is on', (t) => {
  t.is(nameOn({name: 'q35'}, arm64), 'virt');
  t.is(nameOn({name: 'q35-two-nodes'}, s390x), 's390-ccw-virtio-two-nodes');
  t.is(nameOn({name: 'q35-virtio'}, {machine: 'q35'}), 'q35-virtio');
});

test('firmware is the first pair of files that is there; none is a sentence with the package', (t) => {
  const flash = {
    package: 'qemu-efi-toy',
    files: [
      {code: '/a/code', vars: '/a/vars'},
      {code: '/b/code', vars: '/b/vars'},
    ],
  };
  const args = flashArgs(flash, '', (file) => file.startsWith('/b/'));
  t.true(args.some((arg) => arg.includes('readonly=on,file=/b/code')));
  t.true(
    args.some((arg) => arg.includes('snapshot=on,file=/b/vars')),
    'what it writes is thrown away',
  );
  const fetched = flashArgs(flash, '/cache,/qemu', (file) => file.startsWith('/cache,/qemu/b/'));
  t.true(fetched[1]?.endsWith(',file=/cache,,/qemu/b/code'), fetched[1]);
  t.throws(() => flashArgs(flash, '', () => false), {instanceOf: UsageError, message: /install qemu-efi-toy/});
  t.is(arm64.firmware().length, 4, "the bootstrap of the tests brings arm64's");
});
