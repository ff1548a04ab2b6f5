import type {Outcome, Record} from '../../results/record.ts';
import {countOutcomes, groupBy} from '../../results/summary.ts';
import {type Html, html, joined} from './escape.ts';
import {htmlTable} from './tables.ts';
import type {View} from '../view.ts';
import {UNKNOWN, outcomeWord, worstFirst} from '../words.ts';

/** One testable statement of a reference document, as the caller knows it. */
export interface Claim {
  id: string;
  document: string;
  section: string;
  statement: string;
  level: string;
  /** Why no case can test it. */
  reason?: string | undefined;
}

/** Which cases test a claim, and how they ended on each guest. */
export function claimsSection(view: View, claims: readonly Claim[]): Html {
  const guests = view.summary.guests.map(({guest}) => guest);
  const known = new Map(claims.map((claim) => [claim.id, claim]));
  const tested = groupBy(
    view.records.flatMap((record) => record.claims.map((claim) => ({claim, record}))),
    ({claim}) => claim,
  );
  const ids = [...new Set([...known.keys(), ...tested.keys()])];
  if (ids.length === 0)
    return html`<section id="claims"><h2>Claims</h2><p class="soft">No case of this run names a claim.</p></section>`;
  const rows = ids.map((id) => {
    const records = (tested.get(id) ?? []).map(({record}) => record);
    const cases = [...new Set(records.map((record) => record.case))];
    const perGuest = groupBy(records, (record) => record.cell.guest);
    return [
      html`${id}`,
      statement(known.get(id)),
      casesCell(cases, known.get(id)),
      ...guests.map((guest) => ended(perGuest.get(guest) ?? [])),
    ];
  });
  return html`<section id="claims"><h2>Claims</h2><p class="soft">${tally(ids.map((id) => ({tested: tested.has(id), reason: known.get(id)?.reason})))}</p>${htmlTable(['claim', 'statement', 'cases', ...guests], rows)}</section>`;
}

const casesCell = (cases: readonly string[], claim: Claim | undefined): Html => {
  if (cases.length > 0) return html`${cases.join(', ')}`;
  return html`<span class="soft">${claim?.reason === undefined ? 'not tested in this run' : `can't be tested: ${claim.reason}`}</span>`;
};

/** A claim that can't be tested is not counted as covered. */
function tally(claims: readonly {tested: boolean; reason: string | undefined}[]): string {
  const covered = claims.filter(({tested}) => tested).length;
  const untestable = claims.filter(({tested, reason}) => !tested && reason !== undefined).length;
  const rest = claims.length - covered - untestable;
  return (
    `${claims.length} testable statements of the reference documents: ${covered} with cases in this run, ` +
    (`${untestable} that can't be tested and say ` +
      (`why${rest > 0 ? `, ${rest} whose cases were not chosen` : ''}. From statement to cases to how they ` +
        `ended on each guest.`))
  );
}

function statement(claim: Claim | undefined): Html {
  if (!claim) return html`<span class="soft">${UNKNOWN}</span>`;
  return html`${claim.statement} <span class="soft">${claim.level} · ${claim.document}, ${claim.section}</span>`;
}

/** One badge where all cases agree; otherwise how many ended how, worst first. */
function ended(records: readonly Record[]): Html {
  const counts = countOutcomes(records);
  if (records.length === 0) return html`<span class="soft">${UNKNOWN}</span>`;
  const present = worstFirst.filter((outcome) => counts[outcome] > 0);
  const count = (outcome: Outcome): string => (records.length > 1 ? ` ${counts[outcome]}` : '');
  return joined(
    present.map((outcome) => html`<span class="o ${outcome}">${outcomeWord(outcome)}${count(outcome)}</span>`),
    ' ',
  );
}
