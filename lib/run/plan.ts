import {watch} from 'node:fs';
import {dirname} from 'node:path';
import type {Template} from '../machine/template.ts';
import type {Unbooted} from '../conformance/runner/run-case.ts';
import type {Cell} from '../results/record.ts';
import {readIfThere} from '../util/files.ts';

/** What the test runner's process is told: a file, because it gets no arguments of ours. */
export interface Plan {
  /** Run directory. */
  readonly dir: string;
  /** Cases at the same time. */
  readonly jobs: number;
  /** Every deadline is longer by this factor. */
  readonly patience: number;
  readonly cells: readonly Cell[];
  readonly templates: Readonly<Record<string, Template | Unbooted>>;
  readonly items: readonly PlanItem[];
}

export interface PlanItem {
  /** Cell id. */
  readonly cell: string;
  /** Case id. */
  readonly case: string;
  /** Key in `templates`. */
  readonly template: string;
}

/** A test's name in the runner's output, and back. */
export const testTitle = ({cell, case: id}: Pick<PlanItem, 'cell' | 'case'>): string => `${cell} ${id}`;

/** Reads a plan that this same version writes, waiting until it is there: whole, because it is moved into place. */
export async function readPlan(path: string): Promise<Plan> {
  let changed: () => void = () => undefined;
  const watcher = watch(dirname(path), () => {
    changed();
  });
  try {
    for (;;) {
      // The wait begins before the look, so that a plan that comes in between is not missed.
      const change = new Promise<void>((resolve) => {
        changed = resolve;
      });
      const text = await readIfThere(path);
      if (text !== undefined) return JSON.parse(text) as Plan;
      await change;
    }
  } finally {
    watcher.close();
  }
}
