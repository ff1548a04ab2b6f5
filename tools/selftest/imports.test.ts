import test from 'ava';
import {circlesOf, importsOf, layerOf} from './imports.ts';
import {layers} from './layers.js';

const imports = importsOf();

test('no files import one another in a circle', (t) => {
  t.deepEqual(
    circlesOf(imports).map((circle) => circle.join(' -> ')),
    [],
  );
});

test('a circle is seen', (t) => {
  t.deepEqual(
    circlesOf(
      new Map([
        ['a', ['b']],
        ['b', ['c', 'd']],
        ['c', ['a']],
        ['d', []],
      ]),
    ),
    [['a', 'b', 'c']],
  );
  t.deepEqual(
    circlesOf(
      new Map([
        ['a', ['a']],
        ['b', ['a']],
      ]),
    ),
    [['a']],
  );
});

test('a layer may import what it does import, and no more', (t) => {
  const used = new Map(Object.keys(layers).map((layer) => [layer, new Set<string>()]));
  for (const [file, others] of imports) {
    for (const other of others) used.get(layerOf(file) ?? '')?.add(layerOf(other) ?? other);
  }
  for (const [layer, others] of used) {
    t.deepEqual([...others].filter((other) => other !== layer).sort(), [...(layers[layer] ?? [])].sort(), layer);
  }
});

test('nothing of the product imports tools/, its tests neither', (t) => {
  const all = [...importsOf(['lib', 'suites'], true)];
  t.true(all.some(([file]) => file.endsWith('.test.ts')));
  t.deepEqual(
    all.filter(([, others]) => others.some((other) => other.startsWith('tools/'))).map(([file]) => file),
    [],
  );
});
