import {relative} from 'node:path';
import type {LoadedRun} from '../results/store.ts';
import type {Summary} from '../results/summary.ts';

/** What a person wants to know when a run has ended: what is wrong, the counts, and where the report is. */
export function summaryText({records}: LoadedRun, {cells, counts}: Summary, files: readonly string[]): string {
  const lines: string[] = [];
  for (const {outcome, cell, case: id, reason, stale} of records) {
    if (outcome !== 'pass' && outcome !== 'skip') lines.push(`${outcome.padEnd(6)} ${cell.guest} ${id}`, indent(reason));
    for (const one of stale) lines.push(`note   ${cell.guest} ${id}`, indent(`the recorded deviation "${one}" was not seen`));
  }
  if (lines.length > 0) lines.push('');
  for (const {cell, counts: own, verdict} of cells) {
    lines.push(`${cell.id.padEnd(28)} ${verdict.padEnd(10)} ${words(own)}   kernel ${cell.kernel || 'unknown'}, QEMU ${cell.qemu}`);
  }
  const page = files.find((file) => file.endsWith('index.html'));
  lines.push(`total: ${words(counts)}`, `report: ${relative(process.cwd(), page ?? '') || page}`);
  return `${lines.join('\n')}\n`;
}

const words = (counts: Summary['counts']): string =>
  Object.entries(counts).filter(([, n]) => n > 0).map(([outcome, n]) => `${n} ${outcome}`).join(', ') || 'nothing';

const indent = (text: string): string => text.split('\n').map((line) => `       ${line}`).join('\n');
