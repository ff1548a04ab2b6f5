import {differenceLines, isLarge} from '../results/difference.ts';
import type {Check} from '../results/record.ts';
import {groupBy} from '../results/summary.ts';
import {type Compat, compatOf, compatTable, suiteTable} from './compat.ts';
import {claimHistoryTable} from './kernel-claims.ts';
import {CONFIG_LEGEND, configTable} from './kernel-config.ts';
import {code, escapeMd, mdLink, table} from './markdown-text.ts';
import {comparedText, sideBySide} from './hypervisors.ts';
import {blockHead, udevStories} from './udev.ts';
import type {Entry, View} from './view.ts';
import {countsText, formatMs, formatTime, outcomeWord, showJson, suiteOf, verdictWord, worstFirst} from './words.ts';

/** report.md */
export function renderMarkdown(view: View): string {
  const {run, summary, superseded} = view;
  return document([
    '# memhp report',
    `**${verdictWord(summary.verdict)}**: ${countsText(summary.counts)}`,
    escapeMd(
      `memhp ${run.memhp} · ${formatTime(run.startedAt)} · ${run.host.cpu}, ${run.host.cores} cores, ` +
        `${run.host.memoryMiB} MiB · ${run.host.accelReason}`,
    ),
    ...(run.trouble
      ? [
          '## Beside the cases',
          'This went wrong beside them, so that nothing here is sure:',
          list(run.trouble.map(escapeMd)),
        ]
      : []),
    '## Compatibility',
    markdownCompat(compatOf(view)),
    ...udev(compatOf(view)),
    ...kernels(view),
    ...hypervisors(view),
    ...suites(view),
    ...worstFirst.filter((outcome) => outcome !== 'pass').flatMap((outcome) => notes(view, outcome)),
    ...stale(view),
    ...(superseded.length > 0
      ? [
          '## Superseded',
          'A later record of the same case replaced these.',
          list(
            superseded.map(
              (one) =>
                `${escapeMd(`${one.case} on ${one.cell.id}`)}: ${outcomeWord(one.outcome)}, ` +
                formatTime(one.startedAt),
            ),
          ),
        ]
      : []),
  ]);
}

export function markdownCompat(compat: Compat): string {
  const {head, rows} = compatTable(compat);
  const suites = suiteTable(compat);
  const marked = (cells: readonly string[]): string[] => cells.map(escapeMd);
  return `${table(
    marked(head),
    rows.map(({cells}) => marked(cells)),
  )}\n\n${table(marked(suites.head), suites.rows.map(marked))}`;
}

function udev(compat: Compat): string[] {
  const stories = udevStories(compat);
  const marked = (rows: readonly (readonly string[])[]): string[][] => rows.map((cells) => cells.map(escapeMd));
  return stories.length === 0
    ? []
    : [
        '## What udev does',
        ...stories.flatMap(({guest, about, rules, findings, blocks}) => [
          `### ${escapeMd(guest)}`,
          list(about.map(([name, value]) => `${escapeMd(name)}: ${escapeMd(value)}`)),
          rules.length === 0
            ? 'No rule writes to the state of memory blocks.'
            : table(
                ['rule', 'text'],
                rules.map(([place, text]) => [escapeMd(place), code(text)]),
              ),
          findings.length === 0 ? '' : table(['finding', 'level', 'id', 'what'], marked(findings)),
          table(blockHead, marked(blocks)),
        ]),
      ];
}

/** The configs of the kernels, and what became of claims from one to the next. */
function kernels(view: View): string[] {
  const marked = (rows: readonly (readonly string[])[]): string[][] => rows.map((cells) => cells.map(escapeMd));
  const config = configTable(view);
  const claims = claimHistoryTable(view.records);
  return [
    ...(config.head.length < 2
      ? []
      : ['## Kernel configs', CONFIG_LEGEND, table(config.head.map(escapeMd), marked(config.rows))]),
    ...(claims
      ? [
          '## Claims from kernel to kernel',
          escapeMd(claims.about),
          ...(claims.rows.length === 0 ? [] : [table(claims.head, marked(claims.rows))]),
        ]
      : []),
  ];
}

/** Where the same guest did not do the same in two hypervisors. */
function hypervisors(view: View): string[] {
  const all = sideBySide(view);
  return all.length === 0
    ? []
    : [
        '## From one hypervisor to the next',
        ...all.flatMap((one) => [
          escapeMd(comparedText(one)),
          ...(one.rows.length === 0
            ? []
            : [
                table(
                  ['case', ...one.columns.map(({label}) => escapeMd(label))],
                  one.rows.map(({id, entries}) => [
                    code(id),
                    ...entries.map((entry) => (entry ? outcomeWord(entry.record.outcome) : 'not run')),
                  ]),
                ),
              ]),
        ]),
      ];
}

function suites({cases, columns, at}: View): string[] {
  return [...groupBy(cases, ({id}) => suiteOf(id))].flatMap(([suite, ids]) => [
    `## ${escapeMd(suite)}`,
    table(
      ['case', ...columns.map(({label}) => escapeMd(label))],
      ids.map(({id, title}) => [
        `${code(id)} ${escapeMd(title)}`,
        ...columns.map((column) => {
          const entry = at(id, column);
          return entry ? outcomeWord(entry.record.outcome) : 'not run';
        }),
      ]),
    ),
  ]);
}

function notes({entries}: View, outcome: Entry['record']['outcome']): string[] {
  const own = entries.filter(({record}) => record.outcome === outcome);
  return own.length === 0 ? [] : [`## ${outcomeWord(outcome)}: ${own.length}`, ...own.map(note)];
}

function note({record, evidence}: Entry): string {
  return document([
    `### ${code(record.case)} on ${escapeMd(record.cell.id)}`,
    `${escapeMd(record.title)}${record.append ? `, booted with ${code(record.append)}` : ''}${record.udevdAlone ? ', with udevd alone' : ''} ` +
      `(${formatMs(record.durationMs)})`,
    escapeMd(record.reason),
    list([
      ...record.checks.filter(({ok}) => !ok).map(failed),
      ...record.known.map(
        ({id, explanation, link}) => `known ${code(id)}: ${escapeMd(explanation)} ${mdLink(link, 'more')}`,
      ),
    ]),
    evidence ? mdLink(evidence, 'evidence') : '',
  ]);
}

/** A failed check: both values where they are small, else a difference a line. */
function failed({name, expected, actual, because, step}: Check): string {
  const head = `${escapeMd(name)}${step ? ` (after: ${escapeMd(step)})` : ''}`;
  const why = because ? `, because ${escapeMd(because)}` : '';
  if (!isLarge({expected, actual}))
    return `${head}: expected ${code(showJson(expected))}, actual ${code(showJson(actual))}${why}`;
  const [first = '', ...rest] = differenceLines({expected, actual});
  return [`${head}: ${escapeMd(first)}${why}`, ...rest.map((line) => `  - ${escapeMd(line)}`)].join('\n');
}

function stale({records}: View): string[] {
  const own = records.filter((record) => record.stale.length > 0);
  if (own.length === 0) return [];
  return [
    '## Recorded deviations that no longer happen',
    list(
      own.flatMap((record) =>
        record.stale.map(
          (id) =>
            `${code(id)}: ${escapeMd(`${record.case} on ${record.cell.id}`)} (kernel ${escapeMd(record.cell.kernel)})`,
        ),
      ),
    ),
  ];
}

const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');
const document = (blocks: readonly string[]): string => blocks.filter(Boolean).join('\n\n');
