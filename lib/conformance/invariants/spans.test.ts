import test from 'ava';
import {grown, shrunk} from './spans.ts';

const perBlock = 32768;
const blocks = (first: number, count: number) => ({startPfn: first * perBlock, spanned: count * perBlock});
const all = {perBlock, full: () => true};

test('a zone that loses a block at an edge ends at the next one', (t) => {
  t.deepEqual(shrunk(blocks(4, 4), [4, 5, 6, 7], [5, 6, 7], all), {start: 5 * perBlock, pages: 3 * perBlock});
  t.deepEqual(shrunk(blocks(4, 4), [4, 5, 6, 7], [4, 5], all), {start: 4 * perBlock, pages: 2 * perBlock});
});

test('a zone that loses a block in its middle spans it still', (t) => {
  t.deepEqual(shrunk(blocks(4, 4), [4, 5, 6, 7], [4, 7], all), {start: 4 * perBlock, pages: 4 * perBlock});
});

test(
  'an edge that lies in the middle of a block stays as long as the block does, and is not guessed ' + 'afterwards',
  (t) => {
    const zone = {startPfn: 4 * perBlock + 100, spanned: 4 * perBlock - 100};
    t.deepEqual(shrunk(zone, [4, 5, 6, 7], [4, 5, 6], all), {start: zone.startPfn, pages: 3 * perBlock - 100});
    t.is(shrunk(zone, [4, 5, 6, 7], [5, 6, 7], all), undefined);
  },
);

test('an edge in a block that the zone shares with another one stays where it is', (t) => {
  const zone = {startPfn: 4 * perBlock - 100, spanned: 4 * perBlock + 300};
  t.deepEqual(shrunk(zone, [4, 5, 6, 7], [5, 6, 7], all), {start: zone.startPfn, pages: zone.spanned});
  t.deepEqual(shrunk(zone, [4, 5, 6, 7], [4, 5], all), {start: zone.startPfn, pages: zone.spanned});
});

test('nothing is guessed where the next block has holes, where a block has come, or where none is left', (t) => {
  t.is(shrunk(blocks(4, 4), [4, 5, 6, 7], [5, 6, 7], {perBlock, full: (id) => id !== 5}), undefined);
  t.is(shrunk(blocks(4, 4), [4, 5, 6, 7], [5, 6, 7, 8], all), undefined);
  t.is(shrunk(blocks(4, 1), [4], [], all), undefined);
});

test('a zone that gains blocks reaches over each of them, and where it reached before', (t) => {
  const span = (first: number, count: number) => ({start: first * perBlock, pages: count * perBlock});
  t.deepEqual(grown(blocks(4, 2), [4, 5], [4, 5, 8], perBlock), span(4, 5));
  t.deepEqual(grown(blocks(4, 2), [4, 5], [2, 4, 5], perBlock), span(2, 4));
  t.deepEqual(grown(blocks(4, 4), [4, 7], [4, 5, 7], perBlock), span(4, 4));
  t.is(grown(blocks(4, 2), [4, 5], [4, 5], perBlock), undefined);
  t.is(grown({startPfn: 0, spanned: 0}, [], [4], perBlock), undefined);
});
