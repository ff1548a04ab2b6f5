import test from 'ava';
import {cells, fixtureHead, fixtureRecord} from '../results/fixtures.ts';
import type {KernelSeen, Outcome} from '../results/record.ts';
import type {Stored} from '../results/store.ts';
import {compatOf} from './compat.ts';
import {renderHtml} from './html/html.ts';
import {claimHistories, heldBy, historyText, seriesOf, type Held} from './kernel-claims.ts';
import {configTable} from './kernel-config.ts';
import {renderMarkdown} from './markdown.ts';
import {viewOf} from './view.ts';

const [first] = cells;
const on = (kernel: string, outcome: Outcome, changes: Partial<Stored> = {}): Stored => {
  if (!first) throw new Error('no fixtures');
  const cell = {...first, id: `micro-${kernel}.q35.tcg`, guest: `micro-${kernel}`, arch: 'amd64', kernel};
  return fixtureRecord({case: 'toy/a', claims: ['toy/claim'], cell, outcome, ...changes});
};
const seen = (text: string): {kernel: string; held: Held}[] =>
  Array.from(text, (letter, i) => ({
    kernel: `${i + 1}`,
    held: letter === 'h' ? 'holds' : letter === 'b' ? 'broken' : 'not seen',
  }));

for (const [kernels, text] of [
  ['hhh', 'holds in all 3 seen, 1 to 3'],
  ['bb', 'broken in all 2 seen, 1 to 2'],
  ['bh', 'broken until 1, holds since 2'],
  ['hhbbh', 'holds until 2, broken since 3 until 4, holds since 5'],
  ['hb', 'holds until 1, broken since 2'],
  ['b--h', 'broken until 1, holds since 4 (2 before it not seen); not seen in 2'],
  ['h-h', 'holds in all 2 seen, 1 to 3; not seen in 1'],
  ['-hb', 'holds until 2, broken since 3; not seen in 1'],
  ['--', 'not seen in any of 2'],
] as const)
  test(`kernels ${kernels}: ${text}`, (t) => {
    t.is(historyText(seen(kernels)), text);
  });

test('one deviation breaks a claim; what was not judged says nothing', (t) => {
  t.is(heldBy(['pass', 'skip']), 'holds');
  t.is(heldBy(['pass', 'known']), 'broken');
  t.is(heldBy(['fail', 'broken']), 'broken');
  t.is(heldBy(['pass', 'broken']), 'not seen');
  t.is(heldBy(['skip']), 'not seen');
  t.is(heldBy([]), 'not seen');
});

test('flavours are series of their own', (t) => {
  const series = (kernel: string): string => seriesOf({arch: 'amd64', kernel});
  t.is(series('6.12.118+deb13-amd64'), 'amd64');
  t.is(series('6.1.0-0.deb11.52-amd64'), 'amd64');
  t.is(series('6.12.118+deb13-cloud-amd64'), 'amd64 cloud-amd64');
  t.is(series('6.9.0-rc1'), 'amd64');
  t.is(series('6.9.0'), 'amd64');
});

test('a claim is followed from kernel to kernel by version, whatever order the records have', (t) => {
  const records = [
    on('6.12.100-amd64', 'pass'),
    on('6.12.9-amd64', 'known'),
    on('6.1.0-amd64', 'pass'),
    on('6.1.0-amd64', 'skip', {case: 'toy/b'}),
    on('6.1.0-cloud-amd64', 'fail'),
  ];
  t.deepEqual(
    claimHistories(records).map(({series, text}) => [series, text]),
    [['amd64', 'holds until 6.1.0-amd64, broken since 6.12.9-amd64 until 6.12.9-amd64, holds since 6.12.100-amd64']],
  );
});

const kernel = (changes: Partial<KernelSeen>): KernelSeen => ({
  arch: 'amd64',
  kernel: '6.1.0-amd64',
  config: {CONFIG_MEMORY_HOTPLUG: 'y', CONFIG_VIRTIO_MEM: 'm'},
  unset: ['CONFIG_ARCH_MEMORY_PROBE'],
  ...changes,
});
const run = (kernels: KernelSeen[], records: Stored[]): Parameters<typeof configTable>[0] => ({
  run: {...fixtureHead(records), kernels},
  records,
});
const column = (table: ReturnType<typeof configTable>, at: number): Record<string, string> =>
  Object.fromEntries(table.rows.map((cells) => [cells[0] ?? '', cells[at] ?? '']));

test('options are y, m, not set or absent, and each is told apart', (t) => {
  const table = configTable(
    run(
      [
        kernel({kernel: '6.12.0-amd64', config: null, unset: []}),
        kernel({}),
        {arch: 'arm64', kernel: '6.1.0-arm64-16k', page: 16384, config: {}},
      ],
      [],
    ),
  );
  t.deepEqual(table.head, ['option', '6.1.0-amd64', '6.12.0-amd64', '6.1.0-arm64-16k (arm64)']);
  const [one, none, old] = [1, 2, 3].map((at) => column(table, at));
  t.like(one, {
    MEMORY_HOTPLUG: 'y',
    VIRTIO_MEM: 'm',
    ARCH_MEMORY_PROBE: 'not set',
    NUMA: 'absent',
    'page size': '—',
    'acknowledged, not added': 'not run',
  });
  t.like(none, {MEMORY_HOTPLUG: 'no config'});
  t.like(old, {MEMORY_HOTPLUG: 'not recorded', 'page size': '16 KiB'});
});

test('"acknowledged, not added" is what the guest did', (t) => {
  const of = (...outcomes: Outcome[]): string | undefined =>
    column(
      configTable(
        run(
          [kernel({})],
          outcomes.map((outcome) => on('6.1.0-amd64', outcome, {case: 'plug/no-guest-driver'})),
        ),
      ),
      1,
    )['acknowledged, not added'];
  t.is(of('pass'), 'yes');
  t.is(of('fail'), 'fail');
  t.is(of('skip'), 'skip');
  t.is(of('pass', 'fail'), 'yes, fail');
});

test('every format has both tables where the run tells of them', (t) => {
  const records = [on('6.1.0-amd64', 'known'), on('6.12.9-amd64', 'pass')];
  const loaded = {run: {...fixtureHead(records), kernels: [kernel({})]}, records, superseded: []};
  const view = viewOf(loaded, '/runs/example');
  const [html, md, text] = [
    [...renderHtml(view)].join(''),
    renderMarkdown(view),
    'broken until 6.1.0-amd64, holds since 6.12.9-amd64',
  ];
  for (const page of [html, md]) {
    t.true(page.includes(text));
    t.true(page.includes('Kernel configs'));
  }
  t.is(compatOf(loaded).claims?.[0]?.text, text);
  t.deepEqual(compatOf(loaded).kernels, [kernel({})]);
});
