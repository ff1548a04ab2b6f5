import test from 'ava';
import fc from 'fast-check';
import {Broken} from '../util/errors.ts';
import {parseMeminfo} from './meminfo.ts';

test("sizes are KiB, counts are counts, a node's file reads alike", (t) => {
  t.deepEqual(parseMeminfo('MemTotal:         915408 kB\nActive(anon):        816 kB\nHugePages_Total:       0\n'), {
    MemTotal: 915408,
    'Active(anon)': 816,
    HugePages_Total: 0,
  });
  t.deepEqual(parseMeminfo('Node 0 MemTotal:        1046480 kB\nNode 0 HugePages_Surp:     0\n'), {
    MemTotal: 1046480,
    HugePages_Surp: 0,
  });
});

test('an empty file has no entries', (t) => {
  t.deepEqual(parseMeminfo(''), {});
});

for (const line of [
  'MemTotal: many kB',
  'MemTotal 915408 kB',
  'MemTotal: -1 kB',
  'MemTotal: 1 MB',
  'MemTotal: 1 kB more',
  'grep: /proc/meminfo: No such file',
]) {
  test(`"${line}" is refused and quoted`, (t) => {
    const error = t.throws(() => parseMeminfo(`MemFree: 1 kB\n${line}\n`), {instanceOf: Broken});
    t.true(error.message.includes(line));
  });
}

test('whatever the kernel counts comes back', (t) => {
  const name = fc.stringMatching(/^[A-Z][A-Za-z_]{0,20}(\([a-z]+\))?$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.nat()), fc.boolean(), (entries, node) => {
      const text = Object.entries(entries)
        .map(([key, value]) => `${node ? 'Node 3 ' : ''}${key}:${String(value).padStart(12)} kB\n`)
        .join('');
      t.deepEqual(parseMeminfo(text), entries);
    }),
  );
});
