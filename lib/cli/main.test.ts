import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {root} from '../util/paths.ts';

test('a reader that leaves early is no error, on either stream', async (t) => {
  const memhp = `'${process.execPath}' '${join(root, 'lib/cli/bin.js')}'`;
  const {stdout, stderr} = await execa('bash', [
    '-c',
    `${memhp} list --json | head -c 1; echo " \${PIPESTATUS[0]}"; ${memhp} list 2>&1 >/dev/null --shard | ` +
      `head -c 0; echo "\${PIPESTATUS[0]}"`,
  ]);
  t.is(stdout, '[ 0\n2');
  t.is(stderr, '');
});
