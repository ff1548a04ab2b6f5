import test from 'ava';
import {fixtureRecord, fixtureRun} from '../results/fixtures.ts';
import {escapeXml, renderJunit} from './junit.ts';

const xml = renderJunit(fixtureRun());
const caseOf = (suite: string, name: string): string =>
  new RegExp(`<testcase classname="${suite}" name="${name}"[^]*?</testcase>`).exec(xml)?.[0] ?? '';

test('a testsuite for each cell and suite, with its totals', (t) => {
  t.is(xml.match(/<testsuite /g)?.length, 20);
  t.regex(xml, /<testsuites name="memhp" tests="28" failures="1" errors="1" skipped="1" time="13\d\.\d{3}">/);
  t.regex(
    xml,
    /<testsuite name="debian-sid.q35.tcg.online" tests="1" failures="1" errors="0" skipped="0" time="4.718" timestamp="2026-03-14T09:00:00" hostname="debian-sid">/,
  );
});

test('a deviation is a failure, with expected and actual', (t) => {
  const text = caseOf('debian-sid.q35.tcg.online', 'online/movable');
  t.regex(text, /<failure type="deviation" message="memory38: valid_zones is &quot;Normal Movable&quot;/);
  t.regex(text, /expected: \[&quot;Movable&quot;\]\n {2}actual: {3}\[&quot;Normal&quot;, &quot;Movable&quot;\]/);
});

test('no verdict is an error, not a failure', (t) => {
  const text = caseOf('debian-13.q35.tcg.offline', 'offline/data-survives');
  t.regex(text, /<error type="no verdict" message="the guest panicked/);
  t.regex(text, /<system-err>\[ {4}3\.201442\]/);
  t.notRegex(text, /<failure/);
});

test('skipped and known', (t) => {
  t.regex(caseOf('debian-11.q35.tcg.plug', 'plug/virtio-mem'), /<skipped message="needs virtio-mem[^"]*"\/>/);
  const known = caseOf('debian-11.q35.tcg.offline', 'offline/boot-memory');
  t.regex(known, /<system-out>[^<]*known deviation offline-slow-busy: [^<]*https:\/\/docs\.kernel\.org/);
  t.notRegex(known, /<failure|<error|<skipped/);
});

test('what XML 1.0 cannot hold is left out', (t) => {
  t.is(escapeXml('a\u0000\u0008\u000B\u001B[31m\uFFFE\uD800b\tc\n😀'), 'a[31mb\tc\n😀');
  t.is(escapeXml(`]]><a b="c">&'`), `]]&gt;&lt;a b=&quot;c&quot;&gt;&amp;'`);
  const text = renderJunit({
    records: [fixtureRecord({outcome: 'fail', console: '\u0007]]></system-err>', reason: '"/><x>'})],
  });
  t.notRegex(text, /]]>|<x>/);
  t.false(text.includes('\u0007'));
});

test('no record at all is still a document', (t) => {
  t.regex(renderJunit({records: []}), /<testsuites name="memhp" tests="0"[^]*<\/testsuites>\n$/);
});
