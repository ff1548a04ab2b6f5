import type {Outcome} from '../../results/record.ts';
import {type Compat, compatTable, suiteTable} from '../compat.ts';
import {type Html, html} from './escape.ts';
import {comparedText, sideBySide} from '../hypervisors.ts';
import type {Entry, View} from '../view.ts';
import {outcomeWord, verdictClass} from '../words.ts';

/** The outcome as colour, symbol and word; with an address, a link to the case. */
export function badge(outcome: Outcome, anchor?: string): Html {
  const word = outcomeWord(outcome);
  return anchor === undefined
    ? html`<span class="o ${outcome}">${word}</span>`
    : html`<a class="o ${outcome}" href="#${anchor}">${word}</a>`;
}

export const badgeOf = (entry: Entry | undefined): Html =>
  entry ? badge(entry.record.outcome, entry.anchor) : html`<span class="soft">not run</span>`;

/** A table whose first column heads its rows; cells are markup. */
export const htmlTable = (
  head: readonly string[],
  rows: readonly (readonly Html[])[],
): Html => html`<div class="wide"><table>
<thead><tr>${head.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
<tbody>${rows.map(([first, ...rest]) => html`<tr><th scope="row">${first}</th>${rest.map((one) => html`<td>${one}</td>`)}</tr>\n`)}</tbody>
</table></div>`;

export function compatSection(compat: Compat): Html {
  const {head, rows} = compatTable(compat);
  const suites = suiteTable(compat);
  const marked = rows.map(({guest, cells}, row) => [
    html`<a href="#g${row + 1}">${cells[0]}</a>`,
    ...cells.slice(1, -1).map((cell) => (cell.length < 22 ? html`<span class="n">${cell}</span>` : html`${cell}`)),
    html`<span class="o ${verdictClass(guest.verdict)}">${cells.at(-1)}</span>`,
  ]);
  return html`<section id="compat"><h2>Compatibility</h2>
<p class="soft">What each guest does with plugged memory by itself, and how its cases ended: passed of those not skipped.</p>
${htmlTable(head, marked)}
<h3>By suite</h3>${htmlTable(
    suites.head,
    suites.rows.map((cells) => cells.map((cell) => html`${cell}`)),
  )}</section>`;
}

/** Where the same guest did not do the same in two hypervisors. */
export function hypervisorsSection(view: View): Html {
  const all = sideBySide(view);
  if (all.length === 0) return html``;
  return html`<section id="hypervisors"><h2>From one hypervisor to the next</h2>${all.map(
    (one) =>
      html`<p class="soft">${comparedText(one)}</p>${
        one.rows.length === 0
          ? ''
          : htmlTable(
              ['case', ...one.columns.map(({label}) => label)],
              one.rows.map(({id, entries}) => [html`${id}`, ...entries.map(badgeOf)]),
            )
      }`,
  )}</section>`;
}

export function matrixSection({cases, columns, at}: View): Html {
  return html`<section id="matrix"><h2>Cases</h2>${htmlTable(
    ['case', ...columns.map(({label}) => label), 'title'],
    cases.map(({id, title}) => [
      html`${id}`,
      ...columns.map((column) => badgeOf(at(id, column))),
      html`<span class="soft">${title}</span>`,
    ]),
  )}</section>`;
}
