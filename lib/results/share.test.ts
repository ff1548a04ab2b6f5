import test from 'ava';
import {fixtureRecord} from './fixtures.ts';
import {BlockSharer} from './share.ts';

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

test('equal blocks become the same, and a record stays as it was', (t) => {
  const sharer = new BlockSharer();
  const [one, two] = [fixtureRecord(), fixtureRecord()].map((record) => sharer.share(copy(record)));
  t.deepEqual(one, copy(fixtureRecord()));
  t.deepEqual(two, one);
  t.is(two?.steps[0]?.blocks, one?.steps[0]?.blocks);
  t.is(one?.steps[1]?.blocks[0], one?.steps[0]?.blocks[0]);
  t.not(one?.steps[2]?.blocks.at(-1), one?.steps[1]?.blocks.at(-1), 'a block that was onlined is another one');
});

test('a step without a change has the picture of the step before', (t) => {
  const record = copy(fixtureRecord());
  const [first] = record.steps;
  if (!first) throw new Error('no steps');
  record.steps = [first, copy(first)];
  const shared = new BlockSharer().share(record);
  t.is(shared.steps[1]?.blocks, shared.steps[0]?.blocks);
});

test('equal lists become one, wherever they are; one that begins like another is its own', (t) => {
  const blocks = copy(fixtureRecord()).steps[0]?.blocks ?? [];
  t.true(blocks.length > 2);
  const withLists = (...lists: (typeof blocks)[]): ReturnType<typeof fixtureRecord> => {
    const record = copy(fixtureRecord());
    const [step] = record.steps;
    if (!step) throw new Error('no steps');
    return {...record, steps: lists.map((list) => ({...step, blocks: copy(list)}))};
  };
  const sharer = new BlockSharer();
  const seen = [
    withLists(blocks, [], blocks.slice(1)),
    withLists(blocks.slice(0, 2), blocks, blocks.slice(1), []),
  ].flatMap((record) => sharer.share(record).steps.map((step) => step.blocks));
  t.deepEqual(seen, [blocks, [], blocks.slice(1), blocks.slice(0, 2), blocks, blocks.slice(1), []]);
  t.is(new Set(seen).size, 4);
});
