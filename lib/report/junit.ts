import {differenceLines, isLarge} from '../results/difference.ts';
import {vmmText} from '../results/record.ts';
import {groupBy} from '../results/summary.ts';
import type {LoadedRun, Stored} from '../results/store.ts';
import {showJson, suiteOf} from './words.ts';

/**
 * junit.xml: a testsuite for each cell and suite. A deviation is a failure, no verdict is an error, and a known
 * deviation passes with its explanation as output, since JUnit has no word for it.
 */
export function renderJunit({records}: Pick<LoadedRun, 'records'>): string {
  const suites = [...groupBy(records, (record) => `${record.cell.id}.${suiteOf(record.case)}`)];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<testsuites name="memhp" ${totals(records)}>\n`,
    ...suites.map(([name, group]) => testsuite(name, group)),
    '</testsuites>\n',
  ].join('');
}

/** Text for XML 1.0, in or between quotes. What XML 1.0 can't hold, even as a reference, is left out. */
export const escapeXml = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex -- control characters are exactly what is removed here
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uFFFE\uFFFF\p{Surrogate}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');

function testsuite(name: string, records: readonly Stored[]): string {
  const [first] = records;
  if (!first) return '';
  const {guest, kernel, arch, machine, accel} = first.cell;
  const started = records.map((record) => record.startedAt).reduce((a, b) => (Date.parse(a) <= Date.parse(b) ? a : b));
  // The JUnit schema wants local time without a zone; the records' times are UTC.
  const timestamp = new Date(started).toISOString().slice(0, 19);
  return [
    `  <testsuite name="${escapeXml(name)}" ${totals(records)} timestamp="${timestamp}" ` +
      `hostname="${escapeXml(guest)}">\n`,
    '    <properties>\n',
    ...Object.entries({guest, kernel, arch, machine, accel, vmm: vmmText(first.cell)}).map(
      ([key, value]) => `      ${property(key, value)}`,
    ),
    '    </properties>\n',
    ...records.map((record) => testcase(name, record)),
    '  </testsuite>\n',
  ].join('');
}

function testcase(classname: string, record: Stored): string {
  const properties = [
    property('title', record.title),
    ...record.claims.map((claim) => property('claim', claim)),
    property('outcome', record.outcome),
    ...record.known.map(({link}) => property('known', link)),
  ];
  return [
    `    <testcase classname="${escapeXml(classname)}" name="${escapeXml(record.case)}" ` +
      `time="${seconds(record.durationMs)}">\n`,
    `      <properties>\n${properties.map((one) => `        ${one}`).join('')}      </properties>\n`,
    verdict(record),
    '    </testcase>\n',
  ].join('');
}

function verdict(record: Stored): string {
  const message = escapeXml(record.reason);
  switch (record.outcome) {
    case 'pass':
      return '';
    case 'fail':
      return (
        `      <failure type="deviation" ` +
        `message="${message}">${escapeXml(details(record))}</failure>\n${output(record)}`
      );
    case 'broken':
      return (
        `      <error type="no verdict" ` +
        `message="${message}">${escapeXml(details(record))}</error>\n${output(record)}`
      );
    case 'skip':
      return `      <skipped message="${message}"/>\n`;
    case 'known': {
      const known = record.known.map(({id, explanation, link}) => `known deviation ${id}: ${explanation} ${link}`);
      return `      <system-out>${escapeXml([record.reason, ...known, details(record)].join('\n'))}</system-out>\n`;
    }
  }
}

const details = ({reason, checks, evidence}: Stored): string =>
  [
    reason,
    ...checks
      .filter(({ok}) => !ok)
      .map(
        ({name, expected, actual, because}) =>
          `${name}\n${[...(isLarge({expected, actual}) ? differenceLines({expected, actual}) : [`expected: ${showJson(expected)}`, `actual:   ${showJson(actual)}`]), ...(because ? [`because:  ${because}`] : [])].map((line) => `  ${line}`).join('\n')}`,
      ),
    ...(evidence ? [`evidence: ${evidence}`] : []),
  ].join('\n');

const output = ({console: tail}: Stored): string => (tail ? `      <system-err>${escapeXml(tail)}</system-err>\n` : '');

const property = (name: string, value: string): string => `<property name="${name}" value="${escapeXml(value)}"/>\n`;

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

function totals(records: readonly Stored[]): string {
  const count = (outcome: string): number => records.filter((record) => record.outcome === outcome).length;
  const time = records.reduce((sum, record) => sum + record.durationMs, 0);
  return (
    `tests="${records.length}" failures="${count('fail')}" errors="${count('broken')}" ` +
    `skipped="${count('skip')}" time="${seconds(time)}"`
  );
}
