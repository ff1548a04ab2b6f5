import {differenceLines, isLarge} from '../../results/difference.ts';
import type {BlockSeen, Check, Json, Step} from '../../results/record.ts';
import type {Stored} from '../../results/store.ts';
import {groupBy} from '../../results/summary.ts';
import {changesOf} from '../changes.ts';
import {type Html, html, joined, link, raw} from './escape.ts';
import {type MemoryMapPainter, describe} from './memory-map.ts';
import {badge, htmlTable} from './tables.ts';
import type {Entry} from '../view.ts';
import {UNKNOWN, formatMs, formatTime, showJson} from '../words.ts';

type Paint = (blocks: readonly BlockSeen[]) => Html | undefined;

/** Everything about one case on one cell. The anchor is inside, so that following a link to it opens it. */
export function caseDetails({record, anchor, evidence}: Entry, painter: MemoryMapPainter): Html {
  const open = raw(record.outcome === 'fail' || record.outcome === 'broken' ? ' open' : '');
  const importance = record.outcome === 'pass' || record.outcome === 'skip' ? 'ordinary' : 'important';
  return html`<details class="case"${open}><summary>${badge(record.outcome)} <code>${record.case}</code> <span>${record.title}</span><span class="time">${formatMs(record.durationMs)}</span></summary>
<div id="${anchor}">
${record.reason ? html`<p>${record.reason}</p>` : undefined}
${record.known.map(({id, explanation, link: address}) => html`<p>${badge('known')} <code>${id}</code> ${explanation} ${link(address, address)}</p>`)}
${record.stale.map((id) => html`<p><b>Recorded deviation no longer happens:</b> <code>${id}</code></p>`)}
<p class="soft">${joined(headOf(record, evidence), ' · ')}</p>
${checksOf(record.checks)}${notJudgedOf(record.notJudged ?? [])}${stepsOf(record.steps, (blocks) => painter.paint(blocks, importance))}
${record.console ? html`<h4>Last lines of the console</h4><pre>${record.console}</pre>` : undefined}
</div></details>
`;
}

function headOf({append, udevdAlone, claims, cell, startedAt}: Stored, evidence: string | undefined): Html[] {
  return [
    ...(claims.length > 0 ? [html`claims: ${claims.join(', ')}`] : []),
    ...(append ? [html`booted with <code>${append}</code>`] : []),
    ...(udevdAlone ? [html`udevd alone, without the distribution's services`] : []),
    html`${cell.machine}, ${cell.accel}`,
    html`${formatTime(startedAt)}`,
    evidence === undefined ? html`no evidence kept` : link(evidence, 'evidence'),
  ];
}

function checksOf(checks: readonly Check[]): Html | undefined {
  if (checks.length === 0) return undefined;
  const rows = checks.map(({name, expected, actual, ok, because, step, known}) => [
    badge(ok ? 'pass' : known === undefined ? 'fail' : 'known'),
    html`${name}${step ? html`<br><span class="soft">after: ${step}</span>` : undefined}`,
    ...(ok || !isLarge({expected, actual})
      ? [html`<span class="v">${showJson(expected)}</span>`, html`<span class="v">${showJson(actual)}</span>`]
      : [whole(expected), differing({expected, actual})]),
    html`<span class="soft">${because ?? UNKNOWN}</span>`,
  ]);
  return html`<h4>Checks</h4>${htmlTable(['', 'check', 'expected', 'actual', 'because'], rows)}`;
}

/** What was not looked at, and why: once for each reason, with the steps after which it was so. */
function notJudgedOf(left: NonNullable<Stored['notJudged']>): Html | undefined {
  if (left.length === 0) return undefined;
  const rows = [...groupBy(left, ({name, because}) => JSON.stringify([name, because])).values()].map((group) => [
    html`${group[0]?.name}`,
    html`<span class="soft">${group[0]?.because}</span>`,
    html`${group.map(({step}) => step).join('; ')}`,
  ]);
  return html`<h4>Not judged</h4>${htmlTable(['check', 'because', 'after'], rows)}`;
}

/** A large value that was not met stands behind its differences: whoever wants it whole opens it. */
const whole = (value: Json): Html =>
  html`<details><summary class="soft">whole</summary><span class="v">${showJson(value)}</span></details>`;

const differing = ({expected, actual}: Pick<Check, 'expected' | 'actual'>): Html =>
  html`<ul class="differences">${differenceLines({expected, actual}).map((line) => html`<li>${line}</li>`)}</ul>${whole(actual)}`;

function stepsOf(steps: readonly Step[], paint: Paint): Html | undefined {
  if (steps.length === 0) return undefined;
  return html`<h4>Steps</h4><ol class="steps">${steps.map((step, index) => stepOf(step, steps[index - 1]?.blocks, paint))}</ol>`;
}

function stepOf(
  {title, atMs, durationMs, memTotalKiB, blocks, kernelLog}: Step,
  before: readonly BlockSeen[] | undefined,
  paint: Paint,
): Html {
  const memory = memTotalKiB === null ? '' : ` · MemTotal ${memTotalKiB} KiB`;
  return html`<li><b>${title}</b> <span class="soft">at ${formatMs(atMs)}, took ${formatMs(durationMs)}${memory}</span>
${maps(before, blocks, paint)}${kernelLog.length > 0 ? html`<pre>${kernelLog.join('\n')}</pre>` : undefined}</li>
`;
}

/** Both pictures where something changed; one where nothing did, or where there is no before. */
function maps(before: readonly BlockSeen[] | undefined, after: readonly BlockSeen[], paint: Paint): Html | undefined {
  if (after.length === 0 && !before?.length) return undefined;
  const changes = before ? changesOf(before, after) : [];
  const words = before ? (changes.length > 0 ? changes.join('; ') : 'no block changed') : describe(after);
  const pictures = changes.length > 0 && before ? [before, after] : [after];
  const drawn = pictures.flatMap((blocks) => paint(blocks) ?? []);
  if (drawn.length < pictures.length) {
    return html`<p class="soft">${words} (picture left out: this page has too many; the record has the blocks)</p>`;
  }
  return html`<p class="soft">${words}</p><div class="maps">${joined(drawn, '<span class="arrow">→</span>')}</div>`;
}
