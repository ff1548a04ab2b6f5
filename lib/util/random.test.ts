import test from 'ava';
import {randomOf} from './random.ts';

test('the same seed gives the same numbers, another one others', (t) => {
  const draw = (...seed: [number, string]): number[] => {
    const random = randomOf(...seed);
    return Array.from({length: 50}, () => random.whole(0, 999));
  };
  t.deepEqual(draw(1, 'a'), draw(1, 'a'));
  t.notDeepEqual(draw(1, 'a'), draw(2, 'a'));
  t.notDeepEqual(draw(1, 'a'), draw(1, 'b'));
});

test('numbers stay in their range and reach all of it', (t) => {
  const random = randomOf(7);
  t.deepEqual([...new Set(Array.from({length: 500}, () => random.whole(3, 6)))].sort(), [3, 4, 5, 6]);
  t.deepEqual([...new Set(Array.from({length: 200}, () => random.pick(['x', 'y'])))].sort(), ['x', 'y']);
});
