import test from 'ava';
import type {Clone} from '../../machine/clone.ts';
import {Done, watched, type Write} from './done.ts';

const MEMORY = '/sys/devices/system/memory';
const write = (file: string, word: string, accepted = true): Write => ({file: `${MEMORY}/${file}`, word, accepted});

function after(...writes: Write[]): Done {
  const done = new Done();
  for (const one of writes) done.report(one);
  return done;
}

for (const [file, word, state] of [
  ['state', 'online', 'online'],
  ['state', 'online_movable', 'online'],
  ['state', 'online_kernel', 'online'],
  ['state', 'offline', 'offline'],
  ['online', '1', 'online'],
  ['online', '0', 'offline'],
  ['online', 'online_movable', 'online'],
  ['online', 'offline', 'offline'],
  ['online', 'on', 'online'],
  ['online', 'off', 'offline'],
  ['online', 'y', 'online'],
  ['online', 'N', 'offline'],
] as const) {
  test(`${word} in ${file} brings a block to ${state}`, (t) => {
    t.deepEqual([...after(write(`memory33/${file}`, word)).states], [[33, state]]);
  });
}

test('the last accepted write counts; a refused one changes nothing', (t) => {
  const done = after(
    write('memory33/state', 'online'),
    write('memory33/online', '0'),
    write('memory33/state', 'online_movable', false),
    write('memory34/state', 'bogus', false),
  );
  t.deepEqual([...done.states], [[33, 'offline']]);
  t.is(after(write('auto_online_blocks', 'online'), write('auto_online_blocks', 'x', false)).policy, 'online');
  t.is(after().policy, undefined);
  t.true(
    after({file: '/sys/module/memory_hotplug/parameters/online_policy', word: 'auto-movable', accepted: true})
      .zonePolicyWritten,
  );
  t.false(after(write('memory33/valid_zones', 'x')).zonePolicyWritten);
});

test(
  'a script that no verb stands behind makes unknown what it may have written, in words; one that reads ' + 'does not',
  async (t) => {
    const done = new Done();
    const shell = {
      kind: 'virtio',
      close: () => undefined,
      run: () => Promise.resolve({status: 0, stdout: '', stderr: ''}),
    };
    const clone = watched({shell, watch: shell, vm: {}} as unknown as Clone, done);
    await clone.shell.run(`cat ${MEMORY}/auto_online_blocks`, 1);
    t.is(done.unknown('policy'), undefined);
    await clone.watch.run(`echo online >${MEMORY}/auto_online_blocks`, 1);
    t.is(
      done.unknown('policy'),
      `not judged: a script may have written auto_online_blocks: echo online >${MEMORY}/auto_online_blocks`,
    );
    t.is(done.unknown('states'), undefined);
    done.forget();
    t.is(done.unknown('policy'), undefined);
  },
);
