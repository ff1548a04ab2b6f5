import {vmmText} from '../results/record.ts';
import {groupBy} from '../results/summary.ts';
import type {Column, Entry, View} from './view.ts';

/** What became of a guest's cases from one hypervisor to the next. */
export interface SideBySide {
  readonly guest: string;
  readonly columns: readonly Column[];
  /** Cases that did not end alike in all that ran them; an entry a column. */
  readonly rows: readonly {readonly id: string; readonly entries: readonly (Entry | undefined)[]}[];
  /** How many cases more than one of them ran. */
  readonly compared: number;
}

/** The guests that were run in several hypervisors, or several versions of one. */
export function sideBySide({columns, cases, at}: Pick<View, 'columns' | 'cases' | 'at'>): SideBySide[] {
  return [...groupBy(columns, ({cells}) => cells[0]?.guest ?? '')].flatMap(([guest, own]): SideBySide[] => {
    if (new Set(own.flatMap(({cells}) => cells.map(vmmText))).size < 2) return [];
    const all = cases
      .map(({id}) => ({id, entries: own.map((column) => at(id, column))}))
      .filter(({entries}) => entries.filter(Boolean).length > 1);
    const rows = all.filter(({entries}) => new Set(entries.flatMap((one) => one?.record.outcome ?? [])).size > 1);
    return [{guest, columns: own, rows, compared: all.length}];
  });
}

/** The sentence above the table. */
export const comparedText = ({guest, rows, compared, columns}: SideBySide): string =>
  `${guest}: of ${compared} cases that ran in more than one of ${columns.map(({label}) => label).join(', ')}, ` +
  (rows.length === 0 ? 'all ended alike.' : `${rows.length} did not end alike.`);
