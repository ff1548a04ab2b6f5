import {join} from 'node:path';
import type {Case} from '../conformance/runner/case.ts';
import {SCHEMA, vmmText, type Run} from '../results/record.ts';
import {loadRun, writeRun} from '../results/store.ts';
import {UsageError} from '../util/errors.ts';
import {readIfThere} from '../util/files.ts';
import {version} from '../util/version.ts';
import {hostFacts} from './host.ts';
import type {Plan} from './plan.ts';

/** What run.json says beside the cases. */
export type Planned = Pick<Plan, 'cells' | 'items'> & {
  readonly guests: string[];
  readonly accelReason: string;
  readonly kernels: Run['kernels'];
};

/**
 * run.json says what was planned; the same directory goes on only with the same plan. Throws UsageError where it holds
 * another.
 */
export async function writeHead(dir: string, prepared: Planned, cases: readonly Case[]): Promise<Run> {
  const planned = prepared.items.map(({cell, case: id}) => {
    const entry = cases.find((one) => one.id === id);
    return {cell, case: id, title: entry?.title ?? '', claims: [...(entry?.claims ?? [])]};
  });
  const head: Run = {
    schema: SCHEMA,
    memhp: version,
    startedAt: new Date().toISOString(),
    guests: prepared.guests,
    planned,
    cells: [...prepared.cells],
    ...(prepared.kernels === undefined ? {} : {kernels: prepared.kernels}),
    host: hostFacts(prepared.accelReason),
  };
  const before = await readIfThere(join(dir, 'run.json'));
  if (before !== undefined) {
    const {run: old} = await loadRun(dir);
    const other = whatDiffers(old, head);
    if (other !== undefined)
      throw new UsageError(
        `--out ${dir} holds another run (other ${other}); name another directory, or remove this one`,
      );
    head.startedAt = old.startedAt;
  }
  await writeRun(dir, head);
  return head;
}

/** Why a run can't go on in a directory: results of different things must not mix. */
function whatDiffers(old: Run, head: Run): string | undefined {
  if (old.memhp !== head.memhp) return `version of memhp, ${old.memhp}`;
  if (JSON.stringify(old.planned) !== JSON.stringify(head.planned)) return 'cases or guests';
  // A guest that didn't come up the first time has no kernel in the old head.
  const kernelsChanged = old.cells.some((cell) => {
    const now = head.cells.find(({id}) => id === cell.id);
    return (
      now === undefined ||
      vmmText(now) !== vmmText(cell) ||
      (cell.kernel !== '' && now.kernel !== '' && now.kernel !== cell.kernel)
    );
  });
  return kernelsChanged ? 'kernel or QEMU' : undefined;
}
