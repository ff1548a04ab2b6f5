import type {Json, Outcome} from '../results/record.ts';
import {type Counts, type Verdict, total} from '../results/summary.ts';

/** Stands for a fact that nobody has established. */
export const UNKNOWN = '—';

/** Worst first: the order in which a reader wants to hear of them. */
export const worstFirst: readonly Outcome[] = ['fail', 'broken', 'known', 'pass', 'skip'];

const symbols: {[outcome in Outcome]: string} = {pass: '✔', fail: '✘', skip: '–', known: '≈', broken: '?'};

/** `✔ pass`: a symbol and the word, so that colour is never the only sign. */
export const outcomeWord = (outcome: Outcome): string => `${symbols[outcome]} ${outcome}`;

const verdicts: {[verdict in Verdict]: string} = {
  pass: '✔ pass',
  known: '≈ known deviations',
  fail: '✘ fail',
  incomplete: '? incomplete',
  'no verdict': '? no verdict',
};

export const verdictWord = (verdict: Verdict): string => verdicts[verdict];

/** The outcome whose colour a verdict takes: without a complete answer it is neither red nor green. */
export const verdictClass = (verdict: Verdict): Outcome =>
  verdict === 'incomplete' || verdict === 'no verdict' ? 'broken' : verdict;

/** `9/10, 1 known`: passed of not skipped, then everything else by name. */
export function tally(counts: Counts): string {
  const rest = worstFirst
    .filter((outcome) => outcome !== 'pass' && counts[outcome] > 0)
    .map((outcome) => `${counts[outcome]} ${outcome}`);
  const judged = total(counts) - counts.skip;
  return [...(judged > 0 ? [`${counts.pass}/${judged}`] : []), ...rest].join(', ') || UNKNOWN;
}

/** `1 fail, 3 known, 24 pass`, without the zeros. */
export const countsText = (counts: Counts): string =>
  worstFirst
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${counts[outcome]} ${outcome}`)
    .join(', ') || 'nothing';

export const suiteOf = (caseId: string): string => caseId.split('/')[0] ?? caseId;

export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `2026-03-14 09:00 UTC` */
export const formatTime = (iso: string): string => `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** A value of a check as JSON, so that "5" and 5 differ; short ones on one line, long ones cut. */
export function showJson(value: Json, limit = 4000): string {
  const text = JSON.stringify(value, null, 2);
  const line = text.length < 400 ? text.replaceAll(/\n */g, ' ').replaceAll(/([[{]) | (?=[\]}])/g, '$1') : text;
  const shown = line.length > 100 ? text : line;
  return shown.length > limit ? `${shown.slice(0, limit)}… (${shown.length - limit} characters more)` : shown;
}
