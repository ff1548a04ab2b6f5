import {readFileSync} from 'node:fs';
import test from 'ava';
import type {Observation} from '../../guest/observation.ts';
import {kib, mib} from '../../util/size.ts';
import {expectedMemTotal} from './ledger.ts';
import {blocksWithOwnMemmap, memmapOf, ownMemmap} from './memmap.ts';

/** A DIMM of two blocks, both online. */
const {first, now} = JSON.parse(
  readFileSync(new URL('../fixtures/movable-and-normal.json', import.meta.url), 'utf8'),
) as {first: Observation; now: Observation};
const config = {CONFIG_MHP_MEMMAP_ON_MEMORY: 'y'};

for (const [append, kernel, built, expected] of [
  ['', '6.12', config, 'none'],
  ['memory_hotplug.memmap_on_memory=1', '5.10', config, 'none'],
  ['memory_hotplug.memmap_on_memory=1', '6.1.0-56-amd64', config, 'one-block'],
  ['memory_hotplug.memmap_on_memory=1', '6.7', config, 'one-block'],
  ['memory_hotplug.memmap_on_memory=1', '6.8', config, 'every'],
  ['memory_hotplug.memmap_on_memory=Y', '6.12', null, 'every'],
  ['memory_hotplug.memmap_on_memory=on quiet', '6.12', config, 'every'],
  ['memory_hotplug.memmap_on_memory=off', '6.12', config, 'none'],
  ['memory_hotplug.memmap_on_memory=1', '6.12', {}, 'none'],
  ['quiet memory_hotplug.memmap_on_memory=force', '6.12', config, 'every'],
  ['memory_hotplug.memmap_on_memory=force', '6.6', config, 'one-block'],
  ['memory_hotplug.memmap_on_memory=force', '6.1', config, 'none'],
  ['memory_hotplug.memmap_on_memory=1 memory_hotplug.memmap_on_memory=0', '6.12', config, 'none'],
] as const) {
  test(
    `"${append}" on ${kernel}${built === config ? '' : `, built ${built ? 'without' : 'who knows how'}`}: ` +
      `own memmap ${expected}`,
    (t) => {
      t.is(ownMemmap({append, kernel, config: built}), expected);
    },
  );
}

test('a block of 128 MiB has a memmap of 2 MiB', (t) => {
  t.is(memmapOf({blockSize: mib(128), page: kib(4)}), mib(2));
});

test('blocks of a DIMM of several blocks hold their memmap only where every block does', (t) => {
  t.is(blocksWithOwnMemmap(now, 'none'), 0);
  t.is(blocksWithOwnMemmap(now, 'one-block'), 0);
  t.is(blocksWithOwnMemmap(now, 'every'), 2);
  const single = {
    ...now,
    vmm: {...now.vmm, devices: now.vmm.devices.map((device) => ({...device, size: now.blockSize}))},
  };
  t.is(blocksWithOwnMemmap(single, 'one-block'), 1);
});

test('MemTotal grows by a block less its memmap, and the reason says so', (t) => {
  const {value, because} = expectedMemTotal(first, now, 'every');
  t.is(value, (first.meminfo['MemTotal'] ?? 0) + 2 * 126 * 1024);
  t.regex(because, /less 2048 kB in each of 2 blocks that hold their own memmap/);
  t.is(expectedMemTotal(now, first, 'every').value, (now.meminfo['MemTotal'] ?? 0) - 2 * 126 * 1024);
});
