import {isDeepStrictEqual} from 'node:util';
import type {IoRange} from '../../guest/iomem.ts';
import type {Observation} from '../../guest/observation.ts';
import {toJson} from './checks.ts';
import type {Json} from '../../results/record.ts';

/**
 * Everything of an observation that an operation which failed must leave as it was: all but the free-memory counters.
 */
export const settled = (observation: Observation): Record<string, Json> => ({
  vmm: toJson(observation.vmm),
  policy: observation.policy ?? null,
  blocks: toJson(Object.fromEntries(observation.blocks.map((block) => [`memory${block.id}`, block]))),
  zones: toJson(
    Object.fromEntries(
      observation.zones.map(({node, name, spanned, present, managed, startPfn}) => [
        `node ${node} ${name}`,
        {spanned, present, managed, startPfn},
      ]),
    ),
  ),
  memTotal: observation.meminfo['MemTotal'] ?? null,
  nodeTotals: toJson(observation.nodeTotals),
  nodeMasks: toJson(observation.nodeMasks),
  iomem: toJson(
    ofMemory(observation.iomem).map(
      ({start, end, name, depth}) => `${' '.repeat(depth)}${start.toString(16)}-${(end - 1).toString(16)} ${name}`,
    ),
  ),
});

/** Top-level resources and what is inside RAM. Below a bus, drivers come and go for their own reasons. */
export function ofMemory(ranges: readonly IoRange[]): IoRange[] {
  let inRam = false;
  return ranges.filter(({depth, name}) => {
    if (depth === 0) inRam = name.startsWith('System RAM');
    return depth === 0 || inRam;
  });
}

/** What differs between two observations, by path: both empty where nothing does. */
export function differences(
  before: Observation,
  after: Observation,
): {expected: Record<string, Json>; actual: Record<string, Json>} {
  const expected: Record<string, Json> = {};
  const actual: Record<string, Json> = {};
  compare(settled(before), settled(after), '', expected, actual);
  return {expected, actual};
}

function compare(a: Json, b: Json, path: string, expected: Record<string, Json>, actual: Record<string, Json>): void {
  if (isDeepStrictEqual(a, b)) return;
  if (isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      compare(a[key] ?? null, b[key] ?? null, path ? `${path}.${key}` : key, expected, actual);
    }
    return;
  }
  expected[path] = a;
  actual[path] = b;
}

const isObject = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
