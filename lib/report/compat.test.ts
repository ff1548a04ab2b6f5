import test from 'ava';
import type {Json} from '../results/record.ts';
import {fixtureHead, fixtureRecord, fixtureRun} from '../results/fixtures.ts';
import {compatOf, compatTable, suiteTable} from './compat.ts';

test('a row for each guest: what it does by itself, how its suites ended, its verdict', (t) => {
  const {head, rows} = compatTable(compatOf(fixtureRun()));
  t.deepEqual(head, [
    'guest',
    'kernel',
    'auto-online policy',
    'who onlines',
    'into zone',
    'last block after',
    'unplug as it is',
    'cases',
    'verdict',
  ]);
  t.deepEqual(
    rows.map(({cells}) => cells.join(' | ')),
    [
      'debian-11 | 5.10.0-35-amd64 | offline (config: n) | nobody | none (offline) | — | removed | 5/6, 1 ' +
        'known, 1 skip | ≈ known deviations',
      'debian-12 | 6.1.0-42-amd64 | offline (config: n) | nobody | none (offline) | — | removed | 7/7 | ✔ pass',
      'debian-13 | 6.12.63-amd64 | online (config: y) | kernel | Normal | 84 ms | refused: 3 blocks hold ' +
        'unmovable pages | 6/7, 1 broken | ? incomplete',
      'debian-sid | 6.18.5-amd64 | online (config: y) | kernel | Normal | 84 ms | refused: 3 blocks hold ' +
        'unmovable pages | 6/7, 1 fail | ✘ fail',
    ],
  );
});

test('a row for each suite: how it ended on each guest', (t) => {
  const {head, rows} = suiteTable(compatOf(fixtureRun()));
  t.deepEqual(head, ['suite', 'debian-11', 'debian-12', 'debian-13', 'debian-sid']);
  t.deepEqual(
    rows.find(([suite]) => suite === 'plug'),
    ['plug', '1/1, 1 skip', '2/2', '2/2', '2/2'],
  );
});

test('every fact is published, shown in the table or not', (t) => {
  const [guest] = compatOf(fixtureRun()).guests;
  t.is(guest?.facts['blockSizeMiB'], 128);
  t.false(guest?.facts['memmapOnMemory']);
});

test('a guest that never came up has dashes and no verdict', (t) => {
  const cell = {...fixtureRecord().cell, kernel: ''};
  const record = fixtureRecord({cell, outcome: 'broken', facts: {}});
  const {rows} = compatTable(
    compatOf({run: {...fixtureHead([]), guests: [], cells: [cell]}, records: [record], superseded: []}),
  );
  t.deepEqual(
    rows.map(({cells}) => cells),
    [['debian-11', '—', '—', '—', '—', '—', '—', '0/1, 1 broken', '? no verdict']],
  );
});

test('what the guest does as it is goes before what it does with kernel parameters', (t) => {
  const tuned = fixtureRecord({
    case: 'defaults/a',
    append: 'memhp_default_state=online',
    facts: {policy: 'online', only: 1},
  });
  const plain = fixtureRecord({case: 'defaults/b', facts: {policy: 'offline'}});
  const [guest] = compatOf({run: fixtureHead([]), records: [tuned, plain], superseded: []}).guests;
  t.deepEqual(guest?.facts, {only: 1, policy: 'offline'});
});

test('two kernels of one guest are both named', (t) => {
  const record = fixtureRecord();
  const other = fixtureRecord({cell: {...record.cell, id: 'other', kernel: '6.99.0'}});
  const [guest] = compatOf({run: {...fixtureHead([]), cells: []}, records: [record, other], superseded: []}).guests;
  t.is(guest?.kernel, '5.10.0-35-amd64, 6.99.0');
});

test('a run without the suite defaults shows what the case udev/effect has seen', (t) => {
  const onlined = {
    block: 'memory32',
    zone: 'Movable',
    createdMs: 0,
    attempts: [{by: 'udev', rule: null, task: '(udev-worker)', pid: 7, file: 'state', ms: 84.2, result: 'online'}],
  };
  const udev = {
    version: '257',
    policy: 'offline',
    files: 1,
    digest: '',
    memoryFiles: [],
    findings: [],
    read: [],
    msToLastBlock: 84,
    blocks: [onlined, {...onlined, block: 'memory33'}],
  };
  const cellsOf = (facts: {[name: string]: Json}) => {
    const records = [fixtureRecord({case: 'udev/effect', facts})];
    return compatTable(compatOf({run: fixtureHead(records), records, superseded: []}))
      .rows.slice(0, 1)
      .map(({cells}) => cells.slice(2, 7));
  };
  t.deepEqual(cellsOf({udev}), [['offline', 'udev', 'Movable', '84 ms', '—']]);
  t.deepEqual(cellsOf({udev: {...udev, blocks: [onlined, {...onlined, zone: null, attempts: []}]}}), [
    ['offline', 'udev: 1 of 2 blocks, nobody: 1 of 2 blocks', 'Movable, not online', '84 ms', '—'],
  ]);
  t.deepEqual(
    cellsOf({udev, onlinedBy: 'kernel'}),
    [['offline', 'kernel', 'Movable', '84 ms', '—']],
    'what the suite says goes before it',
  );
});
