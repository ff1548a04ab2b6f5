// The module parameters of memory_hotplug as files: which there are, who may write them, what they take.
import {conformance} from '../lib/conformance/runner/case.ts';
import {readParameter, setParameters} from '../lib/conformance/guest/parameters.ts';
import {PARAMETERS} from '../lib/conformance/guest/sysfs.ts';
import {allOf, errnosOf} from '../lib/conformance/workload/refused.ts';

const NEEDS = ['memory-hotplug', 'kernel>=5.15'] as const;
type Config = Readonly<Record<string, string>>;

/** Every parameter: its mode, its default, and the option it depends on. */
const DOCUMENTED = [
  {
    name: 'auto_movable_numa_aware',
    mode: '644',
    value: 'Y',
    isBuilt: (config: Config) => config['CONFIG_NUMA'] !== undefined,
  },
  {name: 'auto_movable_ratio', mode: '644', value: '301', isBuilt: () => true},
  {
    name: 'memmap_on_memory',
    mode: '444',
    value: 'N',
    isBuilt: (config: Config) => config['CONFIG_MHP_MEMMAP_ON_MEMORY'] !== undefined,
  },
  {name: 'online_policy', mode: '644', value: 'contig-zones', isBuilt: () => true},
] as const;

conformance(
  'params/present',
  {
    title:
      'memory_hotplug has the documented parameters that its kernel is built with and no others, with their ' +
      'modes and defaults',
    claims: ['linux/params/present', 'linux/params/writable'],
    needs: [...NEEDS, 'kernel-config'],
  },
  async ({t, guest}) => {
    const text = await guest.sh(`cd ${PARAMETERS} && for f in *; do echo "$f $(stat -c %a "$f") $(cat "$f")"; done`);
    const built = DOCUMENTED.filter(({isBuilt}) => isBuilt(guest.facts.config ?? {}));
    t.is(
      text.trim().split('\n').sort(),
      built.map(({name, mode, value}) => `${name} ${mode} ${value}`),
      'names, modes and values of the files',
      "the document's list, by CONFIG_NUMA and CONFIG_MHP_MEMMAP_ON_MEMORY; memmap_on_memory is 444 in " +
        'every kernel, although the document calls it read-write',
    );
  },
);

/** What each parameter takes, and reads afterwards. */
const TAKEN = [
  {
    name: 'online_policy',
    needs: [],
    pairs: [
      ['auto-movable\n', 'auto-movable'],
      ['contig-zones', 'contig-zones'],
      ['auto-movable', 'auto-movable'],
    ],
  },
  {
    name: 'auto_movable_ratio',
    needs: [],
    pairs: [
      ['0', '0'],
      ['1\n', '1'],
      ['0x12d', '301'],
      ['4294967295', '4294967295'],
      ['100', '100'],
    ],
  },
  {
    name: 'auto_movable_numa_aware',
    needs: ['numa'],
    pairs: [
      ['N', 'N'],
      ['1', 'Y'],
      ['0\n', 'N'],
      ['y', 'Y'],
      ['off', 'N'],
      ['on', 'Y'],
    ],
  },
] as const;

for (const {name, needs, pairs} of TAKEN) {
  conformance(
    `params/${name.replaceAll('_', '-')}-taken`,
    {
      title: `${name} reads what was written to it, with or without a newline`,
      claims: ['linux/params/writable'],
      needs: [...NEEDS, ...needs],
    },
    async ({t, guest}) => {
      for (const [text, value] of pairs) {
        t.is(
          await errnosOf(guest, `${PARAMETERS}/${name}`, [text]),
          allOf([text], 'none'),
          `error when ${JSON.stringify(text)} is written`,
        );
        t.is(await readParameter(guest, name), value, `${name} after ${JSON.stringify(text)}`);
      }
    },
  );
}

/** What each parameter refuses, while it has each of some values. */
const REFUSED = [
  {
    name: 'online_policy',
    needs: [],
    values: ['contig-zones', 'auto-movable'],
    texts: [
      '\n',
      '0\n',
      '1\n',
      'auto\n',
      'contig\n',
      'auto-movabl\n',
      'auto-movable-\n',
      'Auto-Movable\n',
      ' auto-movable\n',
      'auto-movable \n',
      'auto-movable\n\n',
      'auto_movable\n',
      'online_movable\n',
      'movable\n',
    ],
    large: [],
  },
  {
    name: 'auto_movable_ratio',
    needs: [],
    values: ['301', '0'],
    texts: ['\n', 'x\n', '-1\n', '1.5\n', '301%\n', ' 301\n', '301 \n', '3 01\n', '0x\n', '08\n'],
    large: ['4294967296\n', '99999999999999999999\n'],
  },
  {
    name: 'auto_movable_numa_aware',
    needs: ['numa'],
    values: ['Y', 'N'],
    texts: ['\n', '2\n', '-1\n', 'x\n', 'maybe\n', ' y\n', 'oh\n'],
    large: [],
  },
] as const;

for (const {name, needs, values, texts, large} of REFUSED) {
  conformance(
    `params/${name.replaceAll('_', '-')}-refused`,
    {
      title: `${name} refuses whatever it doesn't know and keeps its value; nothing else changes`,
      claims: ['linux/params/bad-input'],
      needs: [...NEEDS, 'device:dimm', ...needs],
    },
    async ({t, guest}) => {
      await guest.setPolicy('offline');
      const dimm = await guest.plugDimm({size: guest.inBlocks(1)});
      for (const value of values) {
        await setParameters(guest, {[name]: value});
        const before = guest.now;
        t.is(
          await errnosOf(guest, `${PARAMETERS}/${name}`, [...texts, ...large]),
          {...allOf(texts, 'EINVAL'), ...allOf(large, 'ERANGE')},
          `errors while ${name} is ${value}`,
        );
        t.is(await readParameter(guest, name), value, `${name} afterwards`);
        guest.expectUnchanged(
          before,
          `after refused values, with ${name}=${value}; the offline block of ${dimm.id} offers the same zones`,
        );
      }
    },
  );
}

conformance(
  'params/memmap-read-only',
  {
    title: "memmap_on_memory can't be opened for writing, not even by root, and keeps its value",
    claims: ['linux/params/writable'],
    needs: [...NEEDS, 'config:CONFIG_MHP_MEMMAP_ON_MEMORY'],
  },
  async ({t, guest}) => {
    const before = guest.now;
    const texts = ['1\n', 'Y\n', 'N\n', 'force\n'];
    t.is(
      await errnosOf(guest, `${PARAMETERS}/memmap_on_memory`, texts),
      allOf(texts, 'EACCES'),
      'errors',
      "the file's mode is 444, and sysfs asks even root for a bit that allows writing",
    );
    t.is(await readParameter(guest, 'memmap_on_memory'), 'N', 'memmap_on_memory afterwards');
    guest.expectUnchanged(before, 'after refused writes');
  },
);
