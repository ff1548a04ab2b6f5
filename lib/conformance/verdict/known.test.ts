import test from 'ava';
import type {Check} from '../../results/record.ts';
import {applies, explains, isStale, readKnown, type KnownDeviation} from './known.ts';

const known: KnownDeviation = {
  id: 'k',
  case: 'unplug/rolls-*',
  check: 'zones of *',
  kernel: '>=5.10 <6.13',
  guests: ['debian-12'],
  actual: ['Normal'],
  explanation: 'why',
  link: 'docs/findings/x.md',
};
const where = {caseId: 'unplug/rolls-back', kernel: '6.1.0-56-amd64', guest: 'debian-12', arch: undefined};
const check: Check = {name: 'zones of memory32', expected: ['Movable'], actual: ['Normal'], ok: false};

for (const [what, change, expected] of [
  ['where all of it holds', {}, true],
  ['another case', {caseId: 'unplug/refused'}, false],
  ['another guest', {guest: 'debian-13'}, false],
  ['the lowest kernel', {kernel: '5.10.262'}, true],
  ['an older kernel', {kernel: '5.9'}, false],
  ['the first kernel beyond', {kernel: '6.13'}, false],
  ['the last kernel within', {kernel: '6.12.117+deb13-amd64'}, true],
] as const) {
  test(`applies: ${what}`, (t) => {
    t.is(applies(known, {...where, ...change}), expected);
  });
}

test('applies: of architectures those that are named, and none to a guest that was never seen', (t) => {
  const arm64 = {...known, arch: ['arm64' as const]};
  t.true(applies(arm64, {...where, arch: 'arm64'}));
  t.false(applies(arm64, {...where, arch: 'amd64'}));
  t.false(applies(arm64, where));
});

test('explains: what is counted in the terms of the guest, and nothing without them', (t) => {
  const counted = {...known, actual: ['memory<device+1>', '<2 blocks>']};
  const none = {blockSize: 134_217_728, zones: [], blocks: [], ram: 0};
  const terms = {arch: 'amd64' as const, deviceBlock: 32, blockPages: 32_768, ...none};
  t.true(explains(counted, {...check, actual: ['memory33', 65_536]}, terms));
  t.false(explains(counted, {...check, actual: ['memory33', 65_536]}, {...terms, deviceBlock: 16}));
  t.false(explains(counted, {...check, actual: ['memory33', 65_536]}, undefined));
});

for (const [what, change, expected] of [
  ['this check and exactly what was seen', {}, true],
  ['the same check with another value', {actual: ['DMA32']}, false],
  ['the same value in another check', {name: 'states of memory32'}, false],
  ['a check that held', {ok: true}, false],
] as const) {
  test(`explains: ${what}`, (t) => {
    t.is(
      explains(
        known,
        {...check, ...change, actual: [...((change as {actual?: string[]}).actual ?? ['Normal'])]},
        undefined,
      ),
      expected,
    );
  });
}

test('stale: the check was made and held, everywhere it was made', (t) => {
  t.true(isStale(known, [{...check, ok: true}]));
  t.false(isStale(known, [check]));
  t.false(isStale(known, [{...check, ok: true}, check]));
  t.false(isStale(known, []), 'a check that was not made says nothing');
  t.false(isStale({...known, intermittent: true}, [{...check, ok: true}]), 'one that comes and goes');
});

test('a name with brackets or a comma is taken as it is', (t) => {
  const literal = {...known, check: 'states [0, 1] (before)'};
  t.true(explains(literal, {...check, name: 'states [0, 1] (before)'}, undefined));
  t.false(explains(literal, {...check, name: 'states 0 (before)'}, undefined));
});

test('suites/known.yaml is well-formed and its ids are unique', async (t) => {
  const ids = (await readKnown()).map(({id}) => id);
  t.is(new Set(ids).size, ids.length);
});
