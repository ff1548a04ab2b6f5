import {readFile} from 'node:fs/promises';
import type {Template} from '../machine/template.ts';
import type {Cell} from '../results/record.ts';

/** What the test runner's process is told: a file, because it gets no arguments of ours. */
export interface Plan {
  /** Run directory. */
  readonly dir: string;
  /** Cases at the same time. */
  readonly jobs: number;
  readonly cells: readonly Cell[];
  readonly templates: Readonly<Record<string, Template | {readonly broken: string}>>;
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

/** Reads a plan that this same version has just written. */
export const readPlan = async (path: string): Promise<Plan> => JSON.parse(await readFile(path, 'utf8')) as Plan;
