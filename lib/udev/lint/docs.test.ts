import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {root} from '../../util/paths.ts';
import {findings} from './finding.ts';

const page = readFileSync(join(root, 'docs/udev-lint.md'), 'utf8');

test('the page explains every finding, with its level and its meaning, and no other', (t) => {
  const explained = [...page.matchAll(/^\| `([a-z]+\/[a-z-]+)` \| (\w+) \| (.*?) \|/gm)].map(
    ([, id, level, meaning]) => `${id} ${level} ${meaning}`,
  );
  t.deepEqual(
    explained,
    Object.entries(findings).map(([id, [level, meaning]]) => `${id} ${level} ${meaning.replaceAll('|', '\\|')}`),
  );
});
