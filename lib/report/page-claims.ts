import type {Outcome, Record} from '../results/record.ts';
import {countOutcomes, groupBy} from '../results/summary.ts';
import {type Html, html, joined} from './escape.ts';
import {htmlTable} from './page-tables.ts';
import type {View} from './view.ts';
import {UNKNOWN, outcomeWord, worstFirst} from './words.ts';

/** One testable statement of a reference document, as the caller knows it. */
export interface Claim {
  id: string;
  document: string;
  section: string;
  statement: string;
  level: string;
}

/** Which cases test a claim, and how they ended on each guest. */
export function claimsSection(view: View, claims: readonly Claim[]): Html {
  const guests = view.summary.guests.map(({guest}) => guest);
  const known = new Map(claims.map(claim => [claim.id, claim]));
  const tested = groupBy(
    view.records.flatMap(record => record.claims.map(claim => ({claim, record}))),
    ({claim}) => claim,
  );
  const ids = [...new Set([...known.keys(), ...tested.keys()])];
  if (ids.length === 0) return html`<section id="claims"><h2>Claims</h2><p class="soft">No case of this run names a claim.</p></section>`;
  const rows = ids.map(id => {
    const records = (tested.get(id) ?? []).map(({record}) => record);
    const cases = [...new Set(records.map(record => record.case))];
    const perGuest = groupBy(records, record => record.cell.guest);
    return [
      html`${id}`,
      statement(known.get(id)),
      cases.length > 0 ? html`${cases.join(', ')}` : html`<span class="soft">not tested in this run</span>`,
      ...guests.map(guest => ended(perGuest.get(guest) ?? [])),
    ];
  });
  return html`<section id="claims"><h2>Claims</h2>${htmlTable(['claim', 'statement', 'cases', ...guests], rows)}</section>`;
}

function statement(claim: Claim | undefined): Html {
  if (!claim) return html`<span class="soft">${UNKNOWN}</span>`;
  return html`${claim.statement} <span class="soft">${claim.level} · ${claim.document}, ${claim.section}</span>`;
}

/** One badge where all cases agree; otherwise how many ended how, worst first. */
function ended(records: readonly Record[]): Html {
  const counts = countOutcomes(records);
  if (records.length === 0) return html`<span class="soft">${UNKNOWN}</span>`;
  const present = worstFirst.filter(outcome => counts[outcome] > 0);
  const count = (outcome: Outcome): string => (records.length > 1 ? ` ${counts[outcome]}` : '');
  return joined(present.map(outcome => html`<span class="o ${outcome}">${outcomeWord(outcome)}${count(outcome)}</span>`), ' ');
}
