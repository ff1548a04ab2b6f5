import type {LoadedRun} from '../../lib/results/store.ts';

/** What of a run shows that KVM does not work as it should: a case on another accelerator, or one that didn't pass. */
export function faultsOf(what: string, {records}: LoadedRun): string[] {
  const faults = records.flatMap(({case: id, cell, outcome, reason}) => [
    ...(cell.accel === 'kvm' ? [] : [`${what}: ${id} ran under ${cell.accel}`]),
    ...(outcome === 'fail' || outcome === 'broken' ? [`${what}: ${id}: ${outcome}: ${reason}`] : []),
  ]);
  return records.some(({outcome}) => outcome === 'pass') ? faults : [...faults, `${what}: no case passed`];
}
