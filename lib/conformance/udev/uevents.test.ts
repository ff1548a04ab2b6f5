import {readFileSync} from 'node:fs';
import test from 'ava';
import {parseUevents, told} from './uevents.ts';

const TEXT = readFileSync(new URL('../fixtures/uevents.txt', import.meta.url), 'utf8');

test('lines of udevadm monitor, without its headings', (t) => {
  t.deepEqual(parseUevents(TEXT)[1], {from: 'udev', seconds: 57.200001, action: 'add', block: 'memory32'});
  t.deepEqual(told(parseUevents(TEXT), 'kernel'), ['add memory32', 'online memory32']);
});

test('what has lost its beginning is no list of events', (t) => {
  t.throws(() => parseUevents(''), {message: /has not said "monitor will print/});
});

test('a line that is no event of a block ends it: nothing is overlooked', (t) => {
  t.throws(() => parseUevents(`${TEXT}KERNEL[59.1] add /devices/system/node/node1 (node)\n`), {
    message: /not a line of udevadm monitor/,
  });
});
