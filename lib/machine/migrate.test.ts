import test from 'ava';
import {incoming} from './migrate.ts';

test('the frozen state is read as the version of QEMU takes it, by its own descriptor', (t) => {
  t.deepEqual(
    ['7.2.22', '9.0.4', '9.1', '10.0.13', '11.1.3'].map((version) => incoming(9, version)),
    ['fd:9', 'fd:9', 'file:/proc/self/fd/9', 'file:/proc/self/fd/9', 'file:/proc/self/fd/9'],
  );
});
