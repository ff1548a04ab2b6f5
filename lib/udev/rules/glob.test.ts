import test from 'ava';
import {globMatches} from './glob.ts';

const table: readonly [pattern: string, yes: readonly string[], no: readonly string[]][] = [
  ['', [''], ['a']],
  ['*', ['', 'a', '/a.b'], []],
  ['?', ['a'], ['', 'ab']],
  ['a*b', ['ab', 'axxb'], ['a', 'abc']],
  ['memory[0-9]*', ['memory0', 'memory32'], ['memory', 'memoryx']],
  ['[!0-9]', ['a'], ['1', '']],
  ['[^0-9]', ['a'], ['1']],
  ['s390*', ['s390', 's390x'], ['s39']],
  ['[]a]', [']', 'a'], ['b']],
  ['[a-]', ['a', '-'], ['b']],
  ['a[b', ['a[b'], ['ab']],
  ['[', ['['], ['a']],
  ['\\*', ['*'], ['a']],
  ['[\\]]', [']'], ['\\']],
  ['[[:digit:]]', ['1'], ['a']],
  ['[[:alpha:]_]*', ['a1', '_'], ['1']],
  ['*a*b*', ['ab', 'xaybz'], ['ba']],
];

for (const [pattern, yes, no] of table) {
  test(`"${pattern}" as fnmatch(3) takes it`, (t) => {
    for (const text of yes) t.true(globMatches(pattern, text), text);
    for (const text of no) t.false(globMatches(pattern, text), text);
  });
}

test('a pattern of many stars takes no time', (t) => {
  const before = process.cpuUsage();
  t.false(globMatches(`${'*a'.repeat(500)}b`, 'a'.repeat(5000)));
  t.true(process.cpuUsage(before).user < 500_000);
});
