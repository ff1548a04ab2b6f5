// Guests that misbehave on purpose: none of them may be believed.
import test from 'ava';
import {readKnown} from '../../lib/conformance/verdict/known.ts';
import type {Template} from '../../lib/machine/template.ts';
import {cacheDir} from '../../lib/util/paths.ts';
import {liars} from './liars.ts';
import {hear, liarsGuest, misjudged} from './lying.ts';

let template: Template | undefined;
const known = await readKnown();

test.before('the default guest learns to lie', async () => {
  template = await liarsGuest(cacheDir(), console.error);
});

for (const liar of liars) {
  test(`${liar.what}: ${liar.outcome}`, async (t) => {
    if (!template) throw new Error('there is no guest');
    t.deepEqual(misjudged(liar, await hear(liar, template, known)), [], liar.because);
  });
}
