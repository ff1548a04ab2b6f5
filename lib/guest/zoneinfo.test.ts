import test from 'ava';
import fc from 'fast-check';
import {Broken} from '../util/errors.ts';
import {parseZoneinfo, type Zone} from './zoneinfo.ts';

/** As Debian 12 (6.1) prints it, with the lines that could be taken for others. */
const MOVABLE = `Node 0, zone  Movable
  per-node stats
      nr_inactive_anon 62
      nr_free_cma  0
  pages free     32684
        boost    0
        min      1410
        low      1762
        high     2114
        spanned  65536
        present  32768
        managed  32768
        cma      0
        protection: (0, 0, 0, 0, 0)
      nr_free_pages 32684
  pagesets
    cpu: 0
              count: 55
  node_unreclaimable:  0
  start_pfn:           1048576
`;
const EMPTY = 'Node 0, zone   Device\n  pages free     0\n        spanned  0\n        present  0\n        managed  0\n';

test('a zone with memory, and an empty one that has no start_pfn', (t) => {
  t.deepEqual(parseZoneinfo(MOVABLE + EMPTY), [
    {node: 0, name: 'Movable', free: 32684, spanned: 65536, present: 32768, managed: 32768, startPfn: 1048576},
    {node: 0, name: 'Device', free: 0, spanned: 0, present: 0, managed: 0, startPfn: 0},
  ]);
});

test("CMA's pages are kept where there are any", (t) => {
  t.is(parseZoneinfo(MOVABLE.replace('cma      0', 'cma      4096'))[0]?.cma, 4096);
  t.false(Object.hasOwn(parseZoneinfo(MOVABLE)[0] ?? {}, 'cma'));
});

for (const field of ['free', 'spanned', 'present', 'managed']) {
  test(`a zone without ${field} is refused by name`, (t) => {
    const text = MOVABLE.split('\n')
      .filter((line) => !new RegExp(`^ +(pages )?${field} `).test(line))
      .join('\n');
    t.throws(() => parseZoneinfo(text), {
      instanceOf: Broken,
      message: `zoneinfo: node 0 zone Movable has no "${field}"`,
    });
  });
}

test('text before the first zone is refused', (t) => {
  t.throws(() => parseZoneinfo('cat: /proc/zoneinfo: Permission denied\n'), {
    instanceOf: Broken,
    message: /not "Node N, zone NAME"/,
  });
});

test('whatever the zones have comes back, in their order', (t) => {
  const zone = fc.record<Zone>({
    node: fc.nat(7),
    name: fc.constantFrom('DMA', 'DMA32', 'Normal', 'Movable'),
    free: fc.nat(),
    spanned: fc.nat(),
    present: fc.nat(),
    managed: fc.nat(),
    startPfn: fc.nat(),
  });
  const print = (one: Zone): string =>
    `Node ${one.node}, zone ${one.name.padStart(8)}\n  pages free     ${one.free}\n        spanned  ` +
    (`${one.spanned}\n        present  ${one.present}\n        managed  ${one.managed}\n      nr_free_pages ` +
      `1\n  start_pfn:           ${one.startPfn}\n`);
  fc.assert(
    fc.property(fc.uniqueArray(zone, {maxLength: 10, selector: ({node, name}) => `${node} ${name}`}), (zones) => {
      t.deepEqual(parseZoneinfo(zones.map((one) => print(one)).join('')), zones);
    }),
  );
});
