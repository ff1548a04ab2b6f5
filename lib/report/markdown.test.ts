import test from 'ava';
import {fixtureHead, fixtureRecord, fixtureRun} from '../results/fixtures.ts';
import {code, escapeMd, mdLink} from './markdown-text.ts';
import {renderMarkdown} from './markdown.ts';
import {viewOf} from './view.ts';

const text = renderMarkdown(viewOf(fixtureRun(), '/runs'));

test('it begins with the verdict and the counts', (t) => {
  t.regex(text, /^# memhp report\n\n\*\*✘ fail\*\*: 1 fail, 1 broken, 1 known, 24 pass, 1 skip\n/);
});

test('a table for each suite, with words', (t) => {
  t.true(
    text.includes(
      '| `online/movable` online_movable puts every block of a plugged DIMM in ZONE_MOVABLE | ✔ pass | ✔ ' +
        'pass | ✔ pass | ✘ fail |',
    ),
  );
  t.is(text.match(/^\| case \|/gm)?.length, 5);
});

test('everything that is not a pass is explained', (t) => {
  for (const title of [
    '✘ fail: 1',
    '? broken: 1',
    '≈ known: 1',
    '– skip: 1',
    'Recorded deviations that no longer happen',
  ])
    t.true(text.includes(`## ${title}`), title);
  t.true(text.includes('expected `["Movable"]`, actual `["Normal", "Movable"]`, because an online block has'));
  t.true(text.includes('[more](<https://docs.kernel.org/admin-guide/mm/memory-hotplug.html>)'));
  t.true(text.includes('- `replug-loses-node`: unplug/replug on debian-sid.q35.tcg (kernel 6.18.5-amd64)'));
  t.true(text.includes('[evidence](<example/evidence/debian-sid.q35.tcg/online__movable/>)'));
});

test('superseded records are listed', (t) => {
  const old = fixtureRecord({outcome: 'fail'});
  t.regex(
    renderMarkdown(viewOf({run: fixtureHead([]), records: [fixtureRecord()], superseded: [old]}, '/runs')),
    /## Superseded[^]*plug\/dimm on debian-11.q35.tcg: ✘ fail, 2026-03-14 09:00 UTC/,
  );
});

const shown = test.macro({
  exec: (t, source: string, expected: string) => {
    t.is(escapeMd(source), expected);
  },
  title: (_, source: string) => `text ${JSON.stringify(source)}`,
});

test(shown, 'valid_zones of memory42', 'valid_zones of memory42');
test(shown, '_emphasis_ *bold* ~~gone~~', String.raw`\_emphasis\_ \*bold\* \~\~gone\~\~`);
test(shown, '# no heading', String.raw`\# no heading`);
test(shown, '---', String.raw`\---`);
test(shown, '- no list', String.raw`\- no list`);
test(shown, '1. no list', String.raw`1\. no list`);
test(shown, '-1', '-1');
test(shown, '6.12.63-amd64', '6.12.63-amd64');
test(shown, 'see https://evil.example or www.evil.example', 'see https&#58;//evil.example or www&#46;evil.example');
test(shown, 'a | b\nc', String.raw`a \| b c`);
test(shown, '<img src=x> [a](javascript:b) `c` \\', String.raw`&lt;img src=x&gt; \[a\](javascript:b) \`c\` \\`);

test('code spans hold backticks and bars', (t) => {
  t.is(code('a'), '`a`');
  t.is(code('`` a'), '``` `` a ```');
  t.is(code('a|b'), String.raw`<code>a\|b</code>`);
  t.is(code(String.raw`a\|<b>`), String.raw`<code>a\\\|&lt;b&gt;</code>`);
  t.is(code(''), '` `');
});

test('links only where they are safe', (t) => {
  t.is(mdLink('javascript:alert(1)', 'more'), 'more');
  t.is(mdLink('https://example.org/a>b', 'more'), '[more](<https://example.org/a%3Eb>)');
});
