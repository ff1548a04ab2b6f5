import test from 'ava';
import {Broken} from '../../util/errors.ts';
import {parseNumbered, withoutEnd} from './numbered-uevents.ts';

const HEAD = 'KERNEL[67.230112] add      /devices/system/memory/memory32 (memory)';

test('a head and its number are one uevent', (t) => {
  const udev = HEAD.replace('KERNEL', 'UDEV  ');
  t.deepEqual(parseNumbered(`${HEAD}\nSEQNUM=1810\n${udev}\nSEQNUM=1810\n`), [
    {from: 'kernel', action: 'add', block: 'memory32', number: 1810},
    {from: 'udev', action: 'add', block: 'memory32', number: 1810},
  ]);
});

test('nothing heard is no uevent', (t) => {
  t.deepEqual(parseNumbered(''), []);
});

test('what lacks the uevent that was sent to end with is cut, whoever tells of it', (t) => {
  const [add, change] = [HEAD, HEAD.replace('add      ', 'change   ').replace('memory32 ', 'memory0 ')];
  const text = [add, change, change.replace('KERNEL', 'UDEV  ')].map((head, i) => `${head}\nSEQNUM=${i + 1}\n`);
  t.deepEqual(
    withoutEnd(parseNumbered(text.join('')), 'memory0').map(({block}) => block),
    ['memory32'],
  );
  for (const kept of [[], [0], [0, 1], [0, 2]])
    t.throws(() => withoutEnd(parseNumbered(kept.map((i) => text[i]).join('')), 'memory0'), {
      instanceOf: Broken,
      message: /what was heard is cut$/,
    });
});

for (const [name, text] of [
  ['a head without a number', `${HEAD}\n`],
  ['two heads in a row', `${HEAD}\n${HEAD}\n`],
  ['a number that is none', `${HEAD}\nSEQNUM=18x\n`],
  ['another device', 'KERNEL[1.5] add      /devices/system/cpu/cpu1 (cpu)\nSEQNUM=7\n'],
] as const) {
  test(`${name} is refused`, (t) => {
    t.throws(() => parseNumbered(text), {instanceOf: Broken, message: /not a uevent of a memory block/});
  });
}
