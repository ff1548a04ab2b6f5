import type {BlockSeen, Cell, Check, Json, Outcome, Record, Run, Step} from './record.ts';
import type {LoadedRun, Stored} from './store.ts';

/** Believable runs for tests: four guests, five outcomes, blocks that go through plug, online, offline, unplug. */
export function fixtureRun({repeat = 1, runDir = '/runs/example'} = {}): LoadedRun {
  const records = Array.from({length: repeat}, (_, round) =>
    cells.flatMap((cell) => cases.map((one) => recordOf(cell, one, round, runDir))),
  );
  return {run: fixtureHead(records.flat()), records: records.flat(), superseded: []};
}

export function fixtureHead(records: readonly Record[]): Run {
  return {
    schema: 2,
    memhp: '0.1.0',
    startedAt: '2026-03-14T09:00:00.000Z',
    guests: cells.map((cell) => cell.guest),
    planned: records.map(({cell, case: id, title, claims}) => ({cell: cell.id, case: id, title, claims})),
    cells: [...cells],
    host: {
      cpu: 'Example CPU @ 2.4 GHz',
      cores: 2,
      memoryMiB: 7936,
      accelReason: '/dev/kvm opens, but a guest under it prints nothing',
    },
  };
}

export const fixtureRecord = (changes: Partial<Stored> = {}): Stored => {
  const [cell] = cells;
  const [one] = cases;
  if (!cell || !one) throw new Error('no fixtures');
  return {...recordOf(cell, one, 0, '/runs/example'), ...changes};
};

const cellOf = (guest: string, kernel: string): Cell => {
  const [distro = '', release = ''] = guest.split('-');
  return {
    id: `${guest}.q35.tcg`,
    guest,
    distro,
    release,
    arch: 'x86_64',
    kernel,
    machine: 'q35',
    accel: 'tcg',
    vmm: {name: 'qemu', version: '7.2.22'},
  };
};

export const cells: readonly Cell[] = [
  cellOf('debian-11', '5.10.0-35-amd64'),
  cellOf('debian-12', '6.1.0-42-amd64'),
  cellOf('debian-13', '6.12.63-amd64'),
  cellOf('debian-sid', '6.18.5-amd64'),
];

interface FixtureCase {
  id: string;
  title: string;
  claims: string[];
  outcome: (cell: Cell) => Outcome;
  facts?: (cell: Cell) => {[name: string]: Json};
}

const onlinesItself = ({release}: Cell): boolean => release === '13' || release === 'sid';

const cases: readonly FixtureCase[] = [
  {
    id: 'plug/dimm',
    title: 'a plugged DIMM appears as memory blocks',
    claims: ['linux/plug/blocks', 'qemu/plug/dimm'],
    outcome: () => 'pass',
  },
  {
    id: 'plug/virtio-mem',
    title: 'virtio-mem plugs what was requested',
    claims: ['qemu/virtio-mem/requested-size'],
    outcome: (cell) => (cell.release === '11' ? 'skip' : 'pass'),
  },
  {
    id: 'online/movable',
    title: 'online_movable puts every block of a plugged DIMM in ZONE_MOVABLE',
    claims: ['linux/online/movable', 'linux/valid-zones/online'],
    outcome: (cell) => (cell.release === 'sid' ? 'fail' : 'pass'),
  },
  {
    id: 'offline/data-survives',
    title: 'data in movable memory survives offlining',
    claims: ['linux/offline/migrate'],
    outcome: (cell) => (cell.release === '13' ? 'broken' : 'pass'),
  },
  {
    id: 'offline/boot-memory',
    title: 'boot memory with unmovable pages refuses to go offline',
    claims: ['linux/offline/refuse'],
    outcome: (cell) => (cell.release === '11' ? 'known' : 'pass'),
  },
  {
    id: 'unplug/replug',
    title: 'a DIMM unplugged can be plugged again',
    claims: ['linux/unplug/remove', 'qemu/unplug/event'],
    outcome: () => 'pass',
  },
  {
    id: 'defaults/policy',
    title: 'what the guest does with plugged memory by itself',
    claims: ['linux/auto-online/policy'],
    outcome: () => 'pass',
    facts: (cell) => ({
      policy: onlinesItself(cell) ? 'online' : 'offline',
      configPolicy: onlinesItself(cell) ? 'y' : 'n',
      onlinedBy: onlinesItself(cell) ? 'kernel' : 'nobody',
      zone: onlinesItself(cell) ? 'Normal' : 'none (offline)',
      msToLastBlock: onlinesItself(cell) ? 84 : null,
      unplug: onlinesItself(cell) ? 'refused: 3 blocks hold unmovable pages' : 'removed',
      blockSizeMiB: 128,
      memmapOnMemory: false,
    }),
  },
];

const reasons: {[outcome in Outcome]: string} = {
  pass: '',
  fail: 'memory38: valid_zones is "Normal Movable", expected "Movable"; 3.2 s after online_movable',
  skip: 'needs virtio-mem: the guest has no virtio_mem module',
  known: 'offlining boot memory reports EBUSY only after 30 s',
  broken: 'the guest panicked while it booted: Kernel panic - not syncing: Attempted to kill init!',
};

function recordOf(cell: Cell, {id, title, claims, outcome, facts}: FixtureCase, round: number, runDir: string): Stored {
  const is = outcome(cell);
  const name = round === 0 ? id : `${id}-${round}`;
  const bad = is === 'fail' || is === 'broken';
  return {
    schema: 2,
    case: name,
    title,
    claims,
    cell,
    append: id === 'online/movable' ? 'movable_node' : '',
    outcome: is,
    reason: reasons[is],
    checks: is === 'skip' || is === 'broken' ? [] : checksOf(is),
    steps: is === 'skip' || is === 'broken' ? [] : stepsOf(is),
    facts: facts?.(cell) ?? {},
    known:
      is === 'known'
        ? [
            {
              id: 'offline-slow-busy',
              explanation: 'Kernels before 5.11 keep retrying the migration until a signal arrives.',
              link: 'https://docs.kernel.org/admin-guide/mm/memory-hotplug.html',
            },
          ]
        : [],
    stale: id === 'unplug/replug' && cell.release === 'sid' ? ['replug-loses-node'] : [],
    console: bad
      ? '[    3.201442] memory38: online\n[    3.224971] Kernel panic - not syncing: Attempted to kill ' +
        'init! exitcode=0x00000009\n[    3.225004] CPU: 0 PID: 1 Comm: systemd'
      : '',
    startedAt: new Date(Date.UTC(2026, 2, 14, 9, 0, round)).toISOString(),
    durationMs: 4200 + 37 * name.length,
    evidence: `evidence/${cell.id}/${name.replaceAll('/', '__')}`,
    runDir,
    missing: false,
  };
}

function checksOf(outcome: Outcome): Check[] {
  const fine: Check = {
    name: 'MemTotal grows by exactly the DIMM',
    expected: 2_060_808,
    actual: 2_060_808,
    ok: true,
    because: '1 012 232 KiB before + 1 048 576 KiB of dimm0',
  };
  if (outcome === 'pass')
    return [
      fine,
      {name: 'blocks of dimm0', expected: ['memory32', 'memory33'], actual: ['memory32', 'memory33'], ok: true},
    ];
  const off: Check = {
    name: 'valid_zones of memory38',
    expected: ['Movable'],
    actual: ['Normal', 'Movable'],
    ok: false,
    because: 'an online block has exactly the zone that it was onlined to',
    step: 'online_movable memory38',
  };
  return [fine, outcome === 'known' ? {...off, known: 'offline-slow-busy'} : off];
}

const boot = (): BlockSeen[] =>
  Array.from({length: 8}, (_, id) => ({
    id,
    state: 'online',
    zones: id === 0 ? 'DMA' : id < 6 ? 'DMA32' : 'Normal',
    node: 0,
    device: null,
  }));
const dimm = (state: (n: number) => string, zones: (n: number) => string): BlockSeen[] =>
  Array.from({length: 8}, (_, n) => ({id: 32 + n, state: state(n), zones: zones(n), node: 0, device: 'dimm0'}));

function stepsOf(outcome: Outcome): Step[] {
  const offline = dimm(
    () => 'offline',
    () => 'Normal Movable',
  );
  const movable = dimm(
    (n) => (outcome === 'fail' && n > 5 ? 'offline' : 'online'),
    () => 'Movable',
  );
  const leaving = dimm(
    (n) => (n < 3 ? 'offline' : n === 3 ? 'going-offline' : 'online'),
    () => 'Movable',
  );
  return [
    {title: 'the guest as it came up', atMs: 0, durationMs: 310, memTotalKiB: 1_012_232, blocks: boot(), kernelLog: []},
    {
      title: 'plug dimm0 (1 GiB)',
      atMs: 320,
      durationMs: 640,
      memTotalKiB: 1_012_232,
      blocks: [...boot(), ...offline],
      kernelLog: ['[   12.402115] acpi PNP0C80:00: hotplugged memory 0x100000000-0x13fffffff'],
    },
    {
      title: 'online_movable memory32…memory39',
      atMs: 1010,
      durationMs: 905,
      memTotalKiB: 2_060_808,
      blocks: [...boot(), ...movable],
      kernelLog: ['[   13.120007] Built 1 zonelists, mobility grouping on.  Total pages: 508002'],
    },
    {
      title: 'offline memory32…memory39',
      atMs: 1950,
      durationMs: 1200,
      memTotalKiB: 1_405_448,
      blocks: [...boot(), ...leaving],
      kernelLog: [],
    },
  ];
}
