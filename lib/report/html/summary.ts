import {outcomes, vmmText} from '../../results/record.ts';
import {vmmSuffix} from '../../results/summary.ts';
import {type Html, html, joined} from './escape.ts';
import {badge} from './tables.ts';
import type {Entry, View} from '../view.ts';
import {UNKNOWN, formatTime, outcomeWord, verdictClass, verdictWord, worstFirst} from '../words.ts';

/** How many of each kind are listed at the top; the rest is found in the table of cases. */
const LISTED = 60;

export function summarySection({run, summary, columns}: View): Html {
  const {counts, verdict} = summary;
  const versions = [
    ...new Set(columns.flatMap(({cells}) => cells).map((cell) => `${vmmText(cell)} (${cell.accel})`)),
  ].join(', ');
  const facts = {
    started: formatTime(run.startedAt),
    memhp: run.memhp,
    hypervisor: versions || UNKNOWN,
    host: `${run.host.cpu}, ${run.host.cores} cores, ${run.host.memoryMiB} MiB`,
    accelerator: run.host.accelReason || UNKNOWN,
  };
  return html`<section id="summary"><h1>memhp report <span class="o ${verdictClass(verdict)}">${verdictWord(verdict)}</span></h1>
<div class="tiles">${outcomes.map(
    (outcome) =>
      html`<div class="tile ${outcome}${counts[outcome] === 0 ? ' zero' : ''}"><b>${counts[outcome]}</b>${outcomeWord(outcome)}</div>`,
  )}</div>
<dl>${Object.entries(facts).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
</section>`;
}

/** What needs a reader's eye, worst first: every fail, broken and known with its reason and a link. */
export function problemsSection({run, entries, superseded, summary}: View): Html {
  const vmm = vmmSuffix(summary.cells.map(({cell}) => cell));
  const problem = ({record, anchor}: Entry): Html =>
    html`${badge(record.outcome, anchor)} <code>${record.case}</code> on <b>${record.cell.guest}${vmm(record.cell)}</b>: ${record.reason || record.title}`;
  const stale = entries.filter(({record}) => record.stale.length > 0);
  const notes = [
    ...(run.trouble ?? []).map((line) => html`<b>beside the cases, so that nothing here is sure:</b> ${line}`),
    ...worstFirst
      .filter((outcome) => outcome !== 'pass' && outcome !== 'skip')
      .flatMap((outcome) =>
        firstOf(
          entries.filter(({record}) => record.outcome === outcome),
          outcome,
          problem,
        ),
      ),
    ...firstOf(
      stale,
      'stale',
      ({record, anchor}) =>
        html`<a href="#${anchor}">recorded deviation no longer happens</a>: <code>${record.stale.join(', ')}</code> in <code>${record.case}</code> on <b>${record.cell.guest}${vmm(record.cell)}</b>`,
    ),
    ...firstOf(
      superseded,
      'superseded',
      (one) =>
        html`<span class="soft">superseded by a later record: <code>${one.case}</code> on ${one.cell.id}, ${outcomeWord(one.outcome)}, ${formatTime(one.startedAt)}</span>`,
    ),
  ];
  if (notes.length === 0) return html``;
  return html`<section id="notes"><h2>Worth knowing</h2><ul class="notes">${joined(
    notes.map((note) => html`<li>${note}</li>`),
    '\n',
  )}</ul></section>`;
}

function firstOf<T>(all: readonly T[], kind: string, show: (one: T) => Html): Html[] {
  const more = all.length - LISTED;
  return [
    ...all.slice(0, LISTED).map(show),
    ...(more > 0 ? [html`<span class="soft">${more} more: ${kind}</span>`] : []),
  ];
}
