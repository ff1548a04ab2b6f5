import test from 'ava';
import {DeadlineError} from '../../lib/util/errors.ts';
import {Timeline} from './timeline.ts';

test('answers come in the order of the record, whoever asked first', async (t) => {
  const [timeline, told] = [new Timeline(), [] as string[]];
  const ask = async (name: string, ...ends: number[]): Promise<void> => {
    for (const end of ends) {
      await timeline.until(end);
      told.push(`${name} ${end}`);
    }
  };
  await Promise.all([ask('work', 9, 12), ask('watch', 3, 5, 10)]);
  t.deepEqual(told, ['watch 3', 'watch 5', 'work 9', 'watch 10', 'work 12']);
});

test('what came by itself before an answer is there with it, and nothing later', async (t) => {
  const [timeline, came] = [new Timeline(), [] as number[]];
  for (const n of [4, 2, 7]) timeline.comes(n, () => came.push(n));
  await timeline.until(5);
  t.deepEqual(came, [2, 4]);
});

test('a wait goes on with the record until it has what it waits for', async (t) => {
  const [timeline, came] = [new Timeline(), [] as number[]];
  for (const n of [1, 2, 3]) timeline.comes(n, () => came.push(n));
  t.is(await timeline.find('two', () => came.find((n) => n === 2)), 2);
  t.deepEqual(came, [1, 2]);
});

test('a wait for what never comes ends as soon as nothing is left', async (t) => {
  const timeline = new Timeline();
  timeline.comes(1, () => undefined);
  await t.throwsAsync(
    timeline.find('event X', () => undefined),
    {instanceOf: DeadlineError, message: 'event X: it never comes in the record'},
  );
});

test('somebody who waits does not keep others from their answers', async (t) => {
  const [timeline, came] = [new Timeline(), [] as number[]];
  timeline.comes(8, () => came.push(8));
  const [, found] = await Promise.all([timeline.until(5), timeline.find('eight', () => came.at(0))]);
  t.is(found, 8);
});
