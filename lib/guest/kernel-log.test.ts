import test from 'ava';
import {GAP, LOST, messagesOf} from './kernel-log.ts';

test('records of /dev/kmsg read as dmesg prints them', (t) => {
  t.deepEqual(
    messagesOf(String.raw`6,510,5140900,-;hello
 SUBSYSTEM=memory
 DEVICE=+memory:memory32
4,511,1234567890123,c;a\x5cb \xc3\xa4; c
`),
    ['[    5.140900] hello', '[1234567.890123] a\\b ä; c'],
  );
});

test('a message of several lines has its time before each; control characters go', (t) => {
  t.deepEqual(messagesOf(String.raw`3,1,900,-;BUG: \x1b[31mred\x07\x0asecond`), [
    '[    0.000900] BUG: red',
    '[    0.000900] second',
  ]);
});

test('messages that were lost before they could be read are told', (t) => {
  t.deepEqual(messagesOf(`6,1,1000000,-;one\n${GAP}\n6,5,2000000,-;five`), [
    '[    1.000000] one',
    LOST,
    '[    2.000000] five',
  ]);
});

test('what dmesg has printed stays as it is, indented lines too', (t) => {
  t.deepEqual(messagesOf('[    1.000000] one\n              two\n\n[    2.000000] three\n'), [
    '[    1.000000] one',
    '              two',
    '[    2.000000] three',
  ]);
});
