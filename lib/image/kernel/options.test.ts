import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {UsageError} from '../../util/errors.ts';
import {root} from '../../util/paths.ts';
import {ARCHES} from '../image.ts';
import {configText, differences, mergeOptions, readAsked, readConfig, readFragment} from './options.ts';

const fragments = join(root, 'lib/image/kernel/fragments');

test('a fragment is lines of a config, some of them only for some releases', (t) => {
  const text =
    '# about\n\nCONFIG_A=y\nCONFIG_B="text"\n# CONFIG_C is not set\nCONFIG_D=y  # since 6.11\nCONFIG_E=y  # until 7.0\n';
  const at = (release: string): string => configText(readFragment('f', text, release));
  t.is(at('6.1.3'), 'CONFIG_A=y\nCONFIG_B="text"\n# CONFIG_C is not set\nCONFIG_E=y\n');
  t.is(at('6.11'), 'CONFIG_A=y\nCONFIG_B="text"\n# CONFIG_C is not set\nCONFIG_D=y\nCONFIG_E=y\n');
  t.is(at('7.0.1'), 'CONFIG_A=y\nCONFIG_B="text"\n# CONFIG_C is not set\nCONFIG_D=y\n');
});

for (const line of [
  'CONFIG_A=m',
  'CONFIG_A = y',
  'A=y',
  'CONFIG_A=y # since 6.1',
  '# CONFIG_A=y',
  'CONFIG_A=y  # from 6',
])
  test(`a fragment's line that says nothing is none: ${line}`, (t) => {
    t.throws(() => readFragment('f', `\n${line}\n`, '6.1'), {message: `f:2: neither an option nor a comment: ${line}`});
  });

test('there is a fragment for all, and one for each architecture; each can be read, and names an option once', async (t) => {
  const names = (await readdir(fragments)).sort();
  t.deepEqual(names, ['common', ...ARCHES].map((name) => `${name}.config`).sort());
  const common = readFragment('common', await readFile(join(fragments, 'common.config'), 'utf8'), '6.12');
  for (const arch of ARCHES) {
    const all = [...common, ...readFragment(arch, await readFile(join(fragments, `${arch}.config`), 'utf8'), '6.12')];
    t.is(mergeOptions(all).length, all.length, arch);
  }
});

test('options are asked for with or without CONFIG_, with a value or without', (t) => {
  t.deepEqual(readAsked(['VIRTIO_MEM', 'CONFIG_CMA_AREAS=7', 'CMDLINE=a b'], ['CONFIG_KSM']), [
    {name: 'VIRTIO_MEM', value: 'y', by: '--enable'},
    {name: 'CMA_AREAS', value: '7', by: '--enable'},
    {name: 'CMDLINE', value: '"a b"', by: '--enable'},
    {name: 'KSM', value: 'n', by: '--disable'},
  ]);
});

for (const [enable, disable, message] of [
  [['VIRTIO MEM'], [], /--enable VIRTIO MEM: wanted an option of the kernel's config/],
  [['A\nCONFIG_B'], [], /wanted an option/],
  [['A=m'], [], /--enable A=m: such a kernel has no modules; --enable A builds it into the kernel/],
  [['A=n'], [], /--enable A=n: wanted y, a number or a text/],
  [['A="\\'], [], /wanted y, a number or a text/],
  [[], ['A=y'], /--disable A=y: an option that is not to be set has no value/],
  [['A'], ['CONFIG_A'], /--disable A|--enable A: the option was named before; name it once/],
] as const)
  test(`refused: enable ${JSON.stringify(enable)}, disable ${JSON.stringify(disable)}`, (t) => {
    t.throws(() => readAsked(enable, disable), {instanceOf: UsageError, message});
  });

test('what the user asks has the last word over the fragments', (t) => {
  const ours = readFragment('f', 'CONFIG_A=y\nCONFIG_B=y\n', '6');
  t.is(configText(mergeOptions(ours, readAsked(['C'], ['A']))), '# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=y\n');
});

test('an option that is otherwise in the config is a difference; one that is absent is not set', (t) => {
  const config = readConfig('# Linux\nCONFIG_A=y\nCONFIG_B=17\n# CONFIG_C is not set\nCONFIG_D=m\n');
  const seen = differences(readAsked(['A', 'B=17', 'C', 'D', 'E'], ['F']), config);
  t.deepEqual(
    seen.map(({name, value, seen}) => [name, value, seen]),
    [
      ['C', 'y', 'n'],
      ['D', 'y', 'm'],
      ['E', 'y', 'n'],
    ],
  );
  t.deepEqual(
    differences(readAsked([], ['A', 'C']), config).map(({name, seen}) => [name, seen]),
    [['A', 'y']],
  );
});
