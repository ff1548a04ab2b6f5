import {readFileSync} from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import {linesOf, textOf} from './observation-lines.ts';

const sample = readFileSync(new URL('fixtures/debian-13-mixed.txt', import.meta.url), 'utf8');

test('each line says of which file it is, or where a link points to; the log stays as it is', (t) => {
  const text = "==> a/b <==\none: 1\n\n==> empty <==\n\n==> c <==\n\ntwo\n\n@links\n'x' -> '../y'\n@kernel-log\n==> c <==\n'x' -> 'y'\n@links\n@end\n";
  t.deepEqual(linesOf(text), ['a/b:one: 1', 'c:', 'c:two', 'c:', '@links', 'x -> ../y', '@kernel-log', '==> c <==', "'x' -> 'y'", '@links', '@end', '']);
});

test('lines and text say the same', (t) => {
  t.is(textOf(linesOf(sample)), sample);
  const path = fc.constantFrom('/proc/meminfo', 'memory/memory1/state', 'node/online');
  const file = fc.record({path, content: fc.array(fc.string().filter((text) => !/^==> .+ <==$|^@/.test(text)), {minLength: 1})});
  fc.assert(fc.property(fc.array(file), fc.array(fc.string()), (files, log) => {
    const lines = [...files.flatMap(({path: name, content}) => content.map((line) => `${name}:${line}`)), '@links', 'node/node0/memory1 -> ../../memory/memory1', '@kernel-log', ...log];
    t.deepEqual(linesOf(textOf(lines)), lines);
  }));
});
