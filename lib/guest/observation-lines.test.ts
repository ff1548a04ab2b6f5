import {readFileSync} from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import {Broken} from '../util/errors.ts';
import {linesOf, textOf} from './observation-lines.ts';

const sample = readFileSync(new URL('fixtures/debian-13-mixed.txt', import.meta.url), 'utf8');

const END = "head: error reading 'standard input': Resource temporarily unavailable";

test('each line says of which file it is, or what is read behind a link; the log stays as it is', (t) => {
  const text = `==> a/b <==\none: 1\n\n==> empty <==\n\n==> c <==\n\ntwo\n\n==> memory/memory1/node0/distance <==\n10\n@links\nmemory/memory1/node0\nnode/node0/memory1\n@kernel-log\n==> c <==\nx\n@links\n@end\n`;
  t.deepEqual(linesOf(text), ['a/b:one: 1', 'c:', 'c:two', '@links', 'memory/memory1/node0 -> 10', 'node/node0/memory1 -> ', '@kernel-log', '==> c <==', 'x', '@links', '@end', '']);
});

test('a log that head has read is in its place; what head says of files is no content', (t) => {
  const text = `==> a <==\nhead: error reading 'a': Input/output error\none\n\n==> standard input <==\n6,1,2,-;three\n DEVICE=b1\n${END}\n@links\nnode/node[0-9]*/memory[0-9]*\n@kernel-log held\n@end`;
  t.deepEqual(linesOf(text), ['a:one', '@links', '@kernel-log', '6,1,2,-;three', ' DEVICE=b1', '@end']);
  t.deepEqual(linesOf(text.replace('6,1,2,-;three\n DEVICE=b1\n', '')), ['a:one', '@links', '@kernel-log', '@end']);
});

test('a log that was not read to its end is refused', (t) => {
  const text = `==> a <==\none\n\n==> standard input <==\n6,1,2,-;three\n${END.replace('Resource temporarily unavailable', 'Broken pipe')}\n@links\n@kernel-log held\n@end`;
  t.throws(() => linesOf(text), {instanceOf: Broken, message: /kernel log was not read to its end: "head: error reading 'standard input': Broken pipe"/});
  t.throws(() => linesOf('==> a <==\none\n@links\n@kernel-log held\n@end'), {instanceOf: Broken, message: /kernel log was not read to its end$/});
});

test('a log that goes on behind lost messages says so', (t) => {
  const gap = END.replace('Resource temporarily unavailable', 'Broken pipe');
  const text = `==> a <==\none\n\n==> standard input <==\n6,1,2,-;one\n${gap}\n\n==> standard input <==\n6,9,2,-;nine\n${END}\n\n==> standard input <==\n${END}\n@links\n@kernel-log held\n@end`;
  t.deepEqual(linesOf(text), ['a:one', '@links', '@kernel-log', '6,1,2,-;one', gap, '6,9,2,-;nine', '@end']);
});

test('lines and text say the same', (t) => {
  t.deepEqual(linesOf(textOf(linesOf(sample))), linesOf(sample));
  const path = fc.constantFrom('/proc/meminfo', 'memory/memory1/state', 'node/online');
  const file = fc.record({path, content: fc.array(fc.string().filter((text) => !/^==> .+ <==$|^@|^head: /.test(text)), {minLength: 1})});
  fc.assert(fc.property(fc.array(file), fc.array(fc.string()), (files, log) => {
    const lines = [...files.flatMap(({path: name, content}) => content.map((line) => `${name}:${line}`)), '@links', 'node/node0/memory1 -> 00000001', 'node/node0/memory2 -> ', '@kernel-log', ...log];
    t.deepEqual(linesOf(textOf(lines)), lines);
  }));
});
