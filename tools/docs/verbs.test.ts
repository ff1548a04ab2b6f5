import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {root} from '../../lib/util/paths.ts';
import {verbsPage} from './verbs.ts';

test('docs/verbs.md is as the docstrings are: npm run docs writes it', async (t) => {
  t.is(await readFile(join(root, 'docs/verbs.md'), 'utf8'), verbsPage());
});

test('each verb has a sentence, and an example', (t) => {
  const verbs = verbsPage().split('\n* **').slice(1);
  t.true(verbs.length > 100, String(verbs.length));
  t.deepEqual(
    verbs.filter((verb) => !/^`[^`]+`\*\* \S.*\n {2}`[^`]+`/.test(verb)).map((verb) => verb.slice(0, 60)),
    [],
  );
});
