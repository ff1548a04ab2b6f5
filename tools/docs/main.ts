// `npm run docs`: the pages that are made from the source.
import {join} from 'node:path';
import {writeWhole} from '../../lib/util/files.ts';
import {root} from '../../lib/util/paths.ts';
import {verbsPage} from './verbs.ts';

await writeWhole(join(root, 'docs/verbs.md'), verbsPage());
