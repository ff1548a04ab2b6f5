import test from 'ava';
import {type Html, escapeHtml, html, joined, link, safeHref} from './escape.ts';

const escapes = test.macro({
  exec: (t, text: string, expected: string) => {
    t.is(escapeHtml(text), expected);
    t.is(html`<p title="${text}">${text}</p>`.markup, `<p title="${expected}">${expected}</p>`);
  },
  title: (_, text: string) => `escapes ${JSON.stringify(text)}`,
});

test(escapes, 'plain memory42', 'plain memory42');
test(escapes, '</script><img src=x onerror=alert(1)>', '&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;');
test(escapes, `" onmouseover='x' \``, '&quot; onmouseover=&#39;x&#39; &#96;');
test(escapes, '&lt; is kept as it was', '&amp;lt; is kept as it was');
test(escapes, 'red \u001B[31mtext\u0007\u0000', 'red text');
test(escapes, 'left \u202Egnp.exe', 'left gnp.exe');

test('markup is taken as it is, lists of it too, and nothing for undefined', (t) => {
  t.is(
    html`<ul>${['<a>', 'b'].map((one) => html`<li>${one}</li>`)}${undefined}${5}</ul>`.markup,
    '<ul><li>&lt;a&gt;</li><li>b</li>5</ul>',
  );
  t.is(joined([html`${'<'}`, html`b`], ', ').markup, '&lt;, b');
});

test('an object that only looks like markup is not taken', (t) => {
  const pretender = {markup: '<script>'} as unknown as Html;
  t.throws(() => html`${pretender}`, {instanceOf: TypeError});
  t.throws(() => html`${[pretender]}`, {instanceOf: TypeError});
});

for (const address of [
  'https://docs.kernel.org/x?y=1#z',
  'http://example.org/',
  'evidence/a/b/',
  '#c1',
  '../run-1/evidence/',
])
  test(`link to ${address}`, (t) => {
    t.is(safeHref(address), address);
  });

for (const address of [
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  '\u0001javascript:x',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  '//example.org',
  '/etc/passwd',
  String.raw`\\host\share`,
  'https:',
  '',
])
  test(`no link to ${JSON.stringify(address)}`, (t) => {
    t.is(safeHref(address), undefined);
    t.is(link(address, 'text').markup, 'text');
  });
