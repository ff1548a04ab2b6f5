import {outcomes} from '../results/record.ts';
import {type Html, html, joined} from './escape.ts';
import {badge} from './page-tables.ts';
import type {View} from './view.ts';
import {UNKNOWN, formatMs, formatTime, outcomeWord, verdictClass, verdictWord, worstFirst} from './words.ts';

/** How many problems are listed at the top; the rest is found in the table of cases. */
const PROBLEMS = 200;

export function summarySection({run, summary, columns}: View): Html {
  const {counts, verdict} = summary;
  const qemu = [...new Set(columns.map(({cell}) => `${cell.qemu} (${cell.accel})`))].join(', ');
  const facts = {
    started: formatTime(run.startedAt),
    memhp: run.memhp,
    QEMU: qemu || UNKNOWN,
    host: `${run.host.cpu}, ${run.host.cores} cores, ${run.host.memoryMiB} MiB`,
    accelerator: run.host.accelReason || UNKNOWN,
  };
  return html`<section id="summary"><h1>memhp report <span class="o ${verdictClass(verdict)}">${verdictWord(verdict)}</span></h1>
<div class="tiles">${outcomes.map(
    outcome => html`<div class="tile ${outcome}${counts[outcome] === 0 ? ' zero' : ''}"><b>${counts[outcome]}</b>${outcomeWord(outcome)}</div>`,
  )}</div>
<dl>${Object.entries(facts).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
</section>`;
}

/** What needs a reader's eye, worst first: every fail, broken and known with its reason and a link. */
export function problemsSection({entries, superseded}: View): Html {
  const found = worstFirst
    .filter(outcome => outcome !== 'pass' && outcome !== 'skip')
    .flatMap(outcome => entries.filter(({record}) => record.outcome === outcome));
  const stale = entries.filter(({record}) => record.stale.length > 0);
  const notes = [
    ...found.slice(0, PROBLEMS).map(({record, anchor}) => html`${badge(record.outcome, anchor)} <code>${record.case}</code> on <b>${record.cell.guest}</b>: ${record.reason || record.title}`),
    ...(found.length > PROBLEMS ? [html`${found.length - PROBLEMS} more: see the cases`] : []),
    ...stale.map(({record, anchor}) => html`<a href="#${anchor}">recorded deviation no longer happens</a>: <code>${record.stale.join(', ')}</code> in <code>${record.case}</code> on <b>${record.cell.guest}</b>`),
    ...superseded.slice(0, PROBLEMS).map(one => html`<span class="soft">superseded by a later record: <code>${one.case}</code> on ${one.cell.id}, ${outcomeWord(one.outcome)}, ${formatTime(one.startedAt)}, ${formatMs(one.durationMs)}</span>`),
  ];
  if (notes.length === 0) return html``;
  return html`<section id="notes"><h2>Worth knowing</h2><ul class="notes">${joined(notes.map(note => html`<li>${note}</li>`), '\n')}</ul></section>`;
}
