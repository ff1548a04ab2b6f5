import {relative} from 'node:path';
import {differenceLines} from '../results/difference.ts';
import {vmmText, type Check} from '../results/record.ts';
import type {LoadedRun} from '../results/store.ts';
import {vmmSuffix, type Summary} from '../results/summary.ts';

/** What a person wants to know when a run has ended: what is wrong, the counts, and where the report is. */
export function summaryText({run, records}: LoadedRun, {cells, counts}: Summary, files: readonly string[]): string {
  const lines: string[] = [];
  const vmm = vmmSuffix(cells.map(({cell}) => cell));
  for (const {outcome, cell, case: id, reason, stale, checks} of records) {
    const wrong = outcome === 'fail' ? checks.filter(({ok, known}) => !ok && known === undefined) : [];
    const why = wrong.length > 0 ? wrong.flatMap((check) => failure(check)).join('\n') : reason;
    if (outcome !== 'pass' && outcome !== 'skip')
      lines.push(`${outcome.padEnd(6)} ${cell.guest}${vmm(cell)} ${id}`, indent(why));
    for (const one of stale)
      lines.push(`note   ${cell.guest}${vmm(cell)} ${id}`, indent(`the recorded deviation "${one}" was not seen`));
  }
  if (lines.length > 0) lines.push('');
  for (const {cell, counts: own, verdict} of cells) {
    lines.push(
      `${cell.id.padEnd(28)} ${verdict.padEnd(10)} ${words(own)}   kernel ${cell.kernel || 'unknown'}, ` +
        vmmText(cell),
    );
  }
  for (const line of run.trouble ?? []) lines.push('beside the cases', indent(line));
  const page = files.find((file) => file.endsWith('index.html'));
  lines.push(`total: ${words(counts)}`, `report: ${relative(process.cwd(), page ?? '') || page}`);
  return `${lines.join('\n')}\n`;
}

/** A failed check: on a line where it is short, else a difference a line. */
function failure({name, step, because, ...check}: Check): string[] {
  const [first = '', ...rest] = differenceLines(check);
  return [
    `${name}: ${first}${step ? ` (after: ${step})` : ''}`,
    ...rest.slice(0, LINES).map((line) => `  ${line}`),
    ...(rest.length > LINES ? [`  and ${rest.length - LINES} more differences: the report has them all`] : []),
    ...(rest.length > 0 && because ? [`  expected because: ${because}`] : []),
  ];
}

/** So many differences of a check are read at a glance. */
const LINES = 12;

const words = (counts: Summary['counts']): string =>
  Object.entries(counts)
    .filter(([, n]) => n > 0)
    .map(([outcome, n]) => `${n} ${outcome}`)
    .join(', ') || 'nothing';

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `       ${line}`)
    .join('\n');
