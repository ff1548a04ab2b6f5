import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {root} from '../../util/paths.ts';
import {rootFindings} from './root-findings.ts';

const page = readFileSync(join(root, 'docs/udev-root.md'), 'utf8');

test('the page explains every finding on a root, with its level and its meaning, and no other', (t) => {
  const explained = [...page.matchAll(/^\| `(root\/[a-z-]+)` \| (\w+) \| (.*?) \|$/gm)].map(
    ([, id, level, meaning]) => `${id ?? ''} ${level ?? ''} ${meaning ?? ''}`,
  );
  t.deepEqual(
    explained,
    Object.entries(rootFindings).map(([id, [level, meaning]]) => `${id} ${level} ${meaning}`),
  );
});
