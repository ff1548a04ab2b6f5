import {groupBy} from '../../results/summary.ts';
import {type CompatGuest, compatOf} from '../compat.ts';
import {type Html, html, raw} from './escape.ts';
import {MemoryMapPainter, mapLegend, mapSymbols} from './memory-map.ts';
import {caseDetails} from './case.ts';
import {type Claim, claimsSection} from './claims.ts';
import {kernelsSection} from './kernels.ts';
import {problemsSection, summarySection} from './summary.ts';
import {compatSection, hypervisorsSection, matrixSection} from './tables.ts';
import {udevSection} from './udev.ts';
import {css} from './style.ts';
import type {View} from '../view.ts';
import {countsText, showJson, suiteOf, verdictClass, verdictWord} from '../words.ts';

/** A guest that has nothing to complain about stays folded once its list is this long. */
const FOLDED = 40;

/** index.html in pieces, in order: one self-contained page without a script, however many records it holds. */
export function* renderHtml(view: View, claims: readonly Claim[] = []): Generator<string, void, undefined> {
  const compat = compatOf(view);
  const sections = [
    summarySection(view),
    problemsSection(view),
    compatSection(compat),
    udevSection(compat),
    kernelsSection(view),
    hypervisorsSection(view),
    matrixSection(view),
    claimsSection(view, claims),
  ];
  yield head(view).markup;
  for (const section of sections) yield `${section.markup}\n`;
  yield html`<section id="guests"><h2>Case by case</h2>${mapSymbols()}${mapLegend()}</section>\n`.markup;
  const painter = new MemoryMapPainter();
  for (const [index, row] of compat.guests.entries()) {
    const {guest, counts, verdict} = row;
    const entries = view.ofGuest(guest);
    const open = raw(counts.fail + counts.broken > 0 || entries.length <= FOLDED ? ' open' : '');
    yield html`<details class="guest"${open}><summary>${guest} <span class="o ${verdictClass(verdict)}">${verdictWord(verdict)}</span> <span class="soft">${countsText(counts)}</span></summary>
<div id="g${index + 1}">${about(row)}`.markup;
    for (const [suite, group] of groupBy(entries, ({record}) => suiteOf(record.case))) {
      yield html`<h3>${suite}</h3>\n`.markup;
      for (const entry of group) yield caseDetails(entry, painter).markup;
    }
    yield '</div></details>\n';
  }
  yield '</body></html>\n';
}

/**
 * The kernel, and every fact that its cases published, those without a column in the table too; udev's has a section of
 * its own.
 */
const about = (
  guest: CompatGuest,
): Html => html`<p class="soft">kernel ${guest.kernel || 'unknown: the guest never came up'} · ${guest.arch} · ${guest.machine} · ${guest.accel}</p>
<dl>${Object.entries(guest.facts)
  .filter(([name]) => name !== 'udev')
  .map(([name, value]) => html`<dt>${name}</dt><dd>${typeof value === 'string' ? value : showJson(value)}</dd>`)}</dl>`;

const head = ({summary}: View): Html => html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>memhp: ${verdictWord(summary.verdict)}</title>
<style>${raw(css)}</style></head><body>
<nav><a href="#summary">Summary</a><a href="#compat">Compatibility</a><a href="#matrix">Cases</a><a href="#claims">Claims</a><a href="#guests">Case by case</a></nav>
`;
