import test from 'ava';
import {fixtureHead, fixtureRecord, fixtureRun} from '../../results/fixtures.ts';
import type {LoadedRun} from '../../results/store.ts';
import {renderHtml} from './html.ts';
import type {Claim} from './claims.ts';
import {viewOf} from '../view.ts';

const page = (loaded: LoadedRun, claims?: Claim[]): string =>
  [...renderHtml(viewOf(loaded, '/runs/example'), claims)].join('');
const count = (text: string, part: string): number => text.split(part).length - 1;

test('the page loads nothing and runs nothing', (t) => {
  const text = page(fixtureRun());
  t.true(
    text.includes(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; ` +
        `img-src data:; base-uri 'none'; form-action 'none'">`,
    ),
  );
  t.notRegex(text, /<script|<link|<img|<iframe|\son\w+=|@import|url\(|\ssrc=/);
});

test('every element that is opened is closed', (t) => {
  const text = page(fixtureRun());
  for (const tag of [
    'html',
    'body',
    'section',
    'details',
    'summary',
    'table',
    'tr',
    'td',
    'div',
    'ol',
    'ul',
    'li',
    'svg',
    'g',
    'p',
    'a',
    'span',
    'pre',
    'dl',
  ]) {
    t.is(text.match(new RegExp(`<${tag}[\\s>]`, 'g'))?.length, count(text, `</${tag}>`), tag);
  }
});

test('ids are unique and every link within the page leads somewhere', (t) => {
  const text = page(fixtureRun());
  const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  t.is(new Set(ids).size, ids.length);
  for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) t.true(ids.includes(target), target);
});

test('each case is there once; fail and broken are open', (t) => {
  const text = page(fixtureRun());
  t.is(count(text, '<details class="case"'), 28);
  t.is(count(text, '<details class="case" open'), 2);
  t.true(text.includes('<pre>[    3.201442] memory38: online'));
  t.true(text.includes('href="evidence/debian-sid.q35.tcg/online__movable/"'));
});

test('claims: statement, cases and an outcome for each guest; one that nothing tests says so', (t) => {
  const claim = {document: 'Linux', section: 'Onlining', level: 'must'};
  const text = page(fixtureRun(), [
    {id: 'linux/online/movable', statement: 'It goes to <ZONE_MOVABLE>.', ...claim},
    {id: 'linux/nobody/tests', statement: 'Untested.', ...claim},
    {id: 'linux/nobody/can', statement: 'Out of reach.', reason: 'no such machine', ...claim},
  ]);
  t.regex(
    text,
    /\d+ testable statements[^<]*: \d+ with cases in this run, 1 that can&#39;t be tested and say why, [12] whose cases were not chosen/,
  );
  t.regex(text, /linux\/nobody\/can<\/th><td>Out of reach\.[^]*?can&#39;t be tested: no such machine/);
  t.regex(
    text,
    /linux\/online\/movable<\/th><td>It goes to &lt;ZONE_MOVABLE&gt;\.[^]*?online\/movable<\/td>(<td><span class="o pass">✔ pass<\/span><\/td>){3}<td><span class="o fail">/,
  );
  t.regex(text, /linux\/nobody\/tests<\/th><td>Untested\.[^]*?not tested in this run/);
});

test('nothing that a guest or a file says becomes markup or a dangerous link', (t) => {
  const evil = `</script></title><img src=x onerror="alert('1')">\u0000`;
  const bad = fixtureRecord({
    ...{
      case: `plug/${evil}`,
      title: evil,
      claims: [evil],
      append: evil,
      reason: evil,
      console: evil,
      evidence: '../../outside',
      outcome: 'fail',
      stale: [evil],
    },
    checks: [{name: evil, expected: evil, actual: {[evil]: [evil]}, ok: false, because: evil, step: evil, known: evil}],
    steps: [
      {
        title: evil,
        atMs: 0,
        durationMs: 1,
        memTotalKiB: null,
        kernelLog: [evil],
        blocks: [{id: 1, state: evil, zones: evil, node: null, device: evil}],
      },
    ],
    notJudged: [{name: evil, step: evil, because: evil}],
    facts: {policy: evil, unplug: {[evil]: evil}},
    known: [{id: evil, explanation: evil, link: 'javascript:alert(1)'}],
    cell: {
      ...fixtureRecord().cell,
      guest: evil,
      distro: evil,
      release: evil,
      kernel: evil,
      machine: evil,
      vmm: {name: evil, version: evil},
      arch: evil,
    },
  });
  const text = page({run: {...fixtureHead([bad]), memhp: evil}, records: [bad], superseded: [bad]}, [
    {id: evil, document: evil, section: evil, statement: evil, level: evil},
  ]);
  t.notRegex(text, /<img|<\/script|\son\w+="|href="javascript|href="[^"]*outside/);
  t.false(text.includes('\u0000'));
  t.is(count(text, '<title>'), 1 + count(text, '<title>memory1 '));
});

test('what was not judged is said once for each reason, with the steps', (t) => {
  const left = (step: string): {name: string; step: string; because: string} => ({
    name: 'states are as written',
    step,
    because: 'not judged: a script may have written',
  });
  const record = fixtureRecord({
    notJudged: [left('first'), left('second'), {...left('third'), because: 'another reason'}],
  });
  const text = page({run: fixtureHead([record]), records: [record], superseded: []});
  t.regex(
    text,
    /<h4>Not judged<\/h4>[^]*?states are as written<[^]{1,60}>not judged: a script may have written<[^]{1,60}>first; second</,
  );
  t.is(count(text, 'another reason'), 1);
  t.false(page(fixtureRun()).includes('<h4>Not judged'));
});

test('nothing finished is no verdict', (t) => {
  t.regex(
    page({run: fixtureHead([]), records: [], superseded: []}),
    /<h1>memhp report <span class="o broken">\? no verdict/,
  );
});

test('a guest is one column, whichever machines its cases chose; a case on two machines makes two of it', (t) => {
  const record = fixtureRecord();
  const cell = {...record.cell, id: 'debian-11.two-nodes.tcg', machine: 'two-nodes'};
  const columns = (...records: (typeof record)[]): string =>
    page({run: {...fixtureHead([]), cells: []}, records, superseded: []});
  t.true(
    columns(record, fixtureRecord({case: 'other/case', cell})).includes(
      '<th scope="col">case</th><th scope="col">debian-11</th><th scope="col">title</th>',
    ),
  );
  t.true(
    columns(record, fixtureRecord({cell})).includes(
      '<th scope="col">debian-11 q35 tcg</th><th scope="col">debian-11 two-nodes tcg</th>',
    ),
  );
});
