import type {Record} from '../results/record.ts';
import {groupBy} from '../results/summary.ts';
import {compareVersions} from '../util/debian-version.ts';

/** What the records of one kernel say of a claim: nothing at all where all were skipped, or came to no verdict. */
export type Held = 'holds' | 'broken' | 'not seen';

/** Kernels in a row of which the same is said; those that say nothing are left out, and counted. */
interface Span {
  readonly held: Exclude<Held, 'not seen'>;
  readonly from: string;
  readonly to: string;
  /** Kernels between the span before and this one that say nothing. */
  readonly gap: number;
}

/** What became of a claim from kernel to kernel, in one series: an architecture and a flavour. */
export interface ClaimHistory {
  readonly claim: string;
  readonly series: string;
  readonly seen: number;
  readonly unseen: number;
  readonly isBroken: boolean;
  readonly text: string;
}

/** `fail` and `known` are deviations; one is enough. A pass is needed for a claim to hold. */
export function heldBy(outcomes: readonly Record['outcome'][]): Held {
  if (outcomes.some((outcome) => outcome === 'fail' || outcome === 'known')) return 'broken';
  if (outcomes.includes('broken')) return 'not seen';
  return outcomes.includes('pass') ? 'holds' : 'not seen';
}

/** `6.12.118+deb13-cloud-amd64` is of the series `amd64 cloud-amd64`. */
export function seriesOf({arch, kernel}: {readonly arch: string; readonly kernel: string}): string {
  const flavour = /-((?:[a-z]\w*-)*[a-z]\w*)$/.exec(kernel)?.[1] ?? '';
  return flavour === '' || flavour === arch || /^rc\d+$/.test(flavour) ? arch : `${arch} ${flavour}`;
}

/** The history of each claim in each series of two kernels or more. */
export function claimHistories(records: readonly Record[]): ClaimHistory[] {
  const named = records.filter(({cell}) => cell.kernel !== '');
  return [...groupBy(named, ({cell}) => seriesOf(cell))].flatMap(([series, own]) => {
    const kernels = [...new Set(own.map(({cell}) => cell.kernel))].sort(compareVersions);
    if (kernels.length < 2) return [];
    const byClaim = groupBy(
      own.flatMap((record) => [...new Set(record.claims)].map((claim) => ({claim, record}))),
      ({claim}) => claim,
    );
    return [...byClaim].map(([claim, pairs]) => {
      const byKernel = groupBy(pairs, ({record}) => record.cell.kernel);
      const held = kernels.map((kernel) => ({
        kernel,
        held: heldBy((byKernel.get(kernel) ?? []).map(({record}) => record.outcome)),
      }));
      const unseen = held.filter((one) => one.held === 'not seen').length;
      return {
        claim,
        series,
        seen: kernels.length - unseen,
        unseen,
        isBroken: held.some((one) => one.held === 'broken'),
        text: historyText(held),
      };
    });
  });
}

/** `holds until A, broken since B until C, holds since D`; of those seen, the oldest first. */
export function historyText(kernels: readonly {readonly kernel: string; readonly held: Held}[]): string {
  const spans: Span[] = [];
  let gap = 0;
  for (const {kernel, held} of kernels) {
    const last = spans.at(-1);
    if (held === 'not seen') gap += 1;
    else {
      if (last?.held === held) spans[spans.length - 1] = {...last, to: kernel};
      else spans.push({held, from: kernel, to: kernel, gap});
      gap = 0;
    }
  }
  const unseen = kernels.filter(({held}) => held === 'not seen').length;
  const [only] = spans;
  if (only === undefined) return `not seen in any of ${kernels.length}`;
  const text =
    spans.length === 1
      ? `${only.held} in all ${kernels.length - unseen} seen, ${only.from} to ${only.to}`
      : spans.map((span, i) => spanText(span, i, spans.length)).join(', ');
  return unseen === 0 ? text : `${text}; not seen in ${unseen}`;
}

function spanText({held, from, to, gap}: Span, index: number, count: number): string {
  const between = index > 0 && gap > 0 ? ` (${gap} before it not seen)` : '';
  if (index === 0) return `${held} until ${to}`;
  return index === count - 1 ? `${held} since ${from}${between}` : `${held} since ${from}${between} until ${to}`;
}

/** Those that a reader wants to see one by one, and a sentence on the others; undefined where there is no history. */
export function claimHistoryTable(
  records: readonly Record[],
): {about: string; head: string[]; rows: string[][]} | undefined {
  const all = claimHistories(records);
  if (all.length === 0) return undefined;
  const rows = all.filter(({isBroken}) => isBroken).map(({claim, series, text}) => [claim, series, text]);
  const holding = all.filter(({isBroken, seen}) => !isBroken && seen > 0).length;
  const unseen = all.filter(({seen}) => seen === 0).length;
  return {
    about:
      `From verdicts alone: a claim is broken where a case of it is fail or known. Kernels of different guests come ` +
      `with different userlands, which a claim may be about. Of ${all.length} claims by series ${holding} hold in every ` +
      `kernel that was seen, ${unseen} were seen in none; ${rows.length === 0 ? 'there are no others.' : 'the others:'}`,
    head: ['claim', 'kernels', 'from kernel to kernel'],
    rows,
  };
}
