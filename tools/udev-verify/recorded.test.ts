import {readFileSync} from 'node:fs';
import test from 'ava';
import {strange} from '../../lib/udev/fixtures/strange.ts';
import {parseRules} from '../../lib/udev/rules/parse.ts';
import {readOf} from './compare.ts';
import {reasonFor} from './reasons.ts';

const recorded = JSON.parse(
  readFileSync(new URL('../../lib/udev/fixtures/strange.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, string>>;

for (const [version, verdicts] of Object.entries(recorded)) {
  test(`the lint remarks on the same lines as udevadm ${version} did`, (t) => {
    t.deepEqual(Object.keys(verdicts), Object.keys(strange), 'run npm run udev-verify again');
    for (const [name, said] of Object.entries(verdicts)) {
      const {issues} = readOf(parseRules(name, Buffer.from(strange[name] ?? '', 'latin1')), Number(version));
      const agrees = issues.join(', ') === said;
      t.is(
        agrees,
        reasonFor(name, Number(version)) === undefined,
        `${name}: udevadm "${said}", the lint "${issues.join(', ')}"`,
      );
    }
  });
}

test('there are many strange files, for every key and error', (t) => {
  t.true(Object.keys(strange).length >= 150);
});
