import {setImmediate as turn} from 'node:timers/promises';
import {PassThrough} from 'node:stream';
import test from 'ava';
import {keptLines} from './lines.ts';

test('lines that come before anybody listens are kept, in their order', async (t) => {
  const stream = new PassThrough();
  const listen = keptLines(stream);
  stream.write('one\ntwo\nthr');
  await turn();
  const heard: string[] = [];
  listen((line) => heard.push(line));
  t.deepEqual(heard, ['one', 'two']);
  stream.end('ee\nfour');
  await turn();
  await turn();
  t.deepEqual(heard, ['one', 'two', 'three', 'four']);
});
