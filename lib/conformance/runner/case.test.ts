import test from 'ava';
import {UsageError} from '../../util/errors.ts';
import {cases, conformance, type CaseHead} from './case.ts';

const head: CaseHead = {title: 'It works', claims: ['linux/it/works']};
const body = (): Promise<void> => Promise.resolve();

const bad: readonly (readonly [string, string, Partial<CaseHead>, RegExp])[] = [
  ['an id in upper case', 'Online/movable', head, /case "Online\/movable": its id is to be suite\/name in lower case/],
  ['an id without a suite', 'movable', head, /suite\/name/],
  ['no title', 'a/b', {claims: head.claims}, /no title/],
  ['no claim', 'a/b', {...head, claims: []}, /tests no claim/],
  ['no claims at all', 'a/b', {title: 'x'}, /tests no claim/],
  ['an unknown need', 'a/b', {...head, needs: ['memory-hotplugg' as 'numa']}, /no need "memory-hotplugg"/],
  ['an unknown machine', 'a/b', {...head, machine: 'q36'}, /no machine profile "q36"; there are q35, /],
];

for (const [what, id, flawed, message] of bad) {
  test(`a case with ${what} is refused in a sentence`, (t) => {
    t.throws(
      () => {
        conformance(id, flawed as CaseHead, body);
      },
      {instanceOf: UsageError, message},
    );
  });
}

test('an id is for one case', (t) => {
  conformance('a/once', head, body);
  t.is(cases.get('a/once')?.suite, 'a');
  t.throws(
    () => {
      conformance('a/once', head, body);
    },
    {instanceOf: UsageError, message: /another case has this id already/},
  );
});
