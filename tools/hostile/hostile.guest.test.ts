// Guests that misbehave on purpose: none of them may be believed.
import test from 'ava';
import {readKnown} from '../../lib/conformance/verdict/known.ts';
import type {Template} from '../../lib/machine/template.ts';
import {cacheDir} from '../../lib/util/paths.ts';
import {hostileGuests} from './guests.ts';
import {judge, hostileTemplate, misjudged} from './judge.ts';

let template: Template | undefined;
const known = await readKnown();

test.before('the default guest learns to lie', async () => {
  template = await hostileTemplate(cacheDir(), console.error);
});

for (const hostile of hostileGuests) {
  test(`${hostile.what}: ${hostile.outcome}`, async (t) => {
    if (!template) throw new Error('there is no guest');
    t.deepEqual(misjudged(hostile, await judge(hostile, template, known)), [], hostile.because);
  });
}
