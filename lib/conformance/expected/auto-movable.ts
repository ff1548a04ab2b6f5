import type {Checks} from '../verdict/checks.ts';
import type {Dimm} from '../guest/dimm.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {setParameters} from '../guest/parameters.ts';
import {autoMovableZone, smallestRatio, type DimmRange} from './policy-ledger.ts';

/** valid_zones of an offline block, by the zone that plain `online` chooses. */
export const COLUMNS = {Movable: 'Movable Normal', Normal: 'Normal Movable'} as const;

/** valid_zones of all blocks of some DIMMs, one string a block. */
export const zonesOf = (...dimms: Dimm[]): string[] =>
  dimms.flatMap(({blocks}) => blocks.map(({validZones}) => validZones.join(' ')));

/** A DIMM as auto-movable sees it: one memory group, or blocks without one, by how the platform adds it. */
export const seenByPolicy = (guest: CaseGuest, {device}: Dimm): DimmRange => ({
  ...device,
  grouped: guest.board.ungrouped === undefined,
});

/** Lets auto-movable decide, with this ratio, and plugged blocks stay offline. Needs `kernel>=5.15`. */
export async function autoMovable(guest: CaseGuest, ratio = 301): Promise<void> {
  await guest.setPolicy('offline');
  await setParameters(guest, {online_policy: 'auto-movable', auto_movable_ratio: ratio});
}

/** Checks the prediction for an offline DIMM: every block offers first the zone that the ledger gives. */
export function offers(
  t: Checks,
  guest: CaseGuest,
  dimm: Dimm,
  ratio: number,
  expected: 'Movable' | 'Normal',
  when: string,
  numaAware = true,
): void {
  const {value, because} = autoMovableZone(guest.now, seenByPolicy(guest, dimm), ratio, numaAware);
  t.is(
    {ledger: value, blocks: zonesOf(dimm)},
    {ledger: expected, blocks: dimm.blocks.map(() => COLUMNS[expected])},
    `zone of ${dimm.id} by the ledger, and valid_zones of its offline blocks, ${when}`,
    because,
  );
}

/**
 * Checks that an offline DIMM fits at the smallest ratio that the ledger gives, and not at one percent less. Returns
 * the ratio.
 */
export async function crosses(
  t: Checks,
  guest: CaseGuest,
  dimm: Dimm,
  when: string,
  numaAware = true,
): Promise<number> {
  const {value: ratio} = smallestRatio(guest.now, seenByPolicy(guest, dimm), numaAware);
  await crossesAt(t, guest, dimm, ratio, when, numaAware);
  return ratio;
}

/** Checks that an offline DIMM fits at this ratio, and not at one percent less. */
export async function crossesAt(
  t: Checks,
  guest: CaseGuest,
  dimm: Dimm,
  ratio: number,
  when: string,
  numaAware = true,
): Promise<void> {
  await setParameters(guest, {auto_movable_ratio: ratio - 1});
  offers(t, guest, dimm, ratio - 1, 'Normal', `${when}, at one percent less than it needs`, numaAware);
  await setParameters(guest, {auto_movable_ratio: ratio});
  offers(t, guest, dimm, ratio, 'Movable', `${when}, at the ratio it needs`, numaAware);
}
