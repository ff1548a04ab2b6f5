import {Broken} from '../util/errors.ts';
import {exactNumber} from '../util/number.ts';

/** One zone of one node; page counts are of the guest's base pages. */
export interface Zone {
  readonly node: number;
  readonly name: string;
  readonly free: number;
  /** From the first to the last page frame, holes included. */
  readonly spanned: number;
  readonly present: number;
  readonly managed: number;
  /** Of them CMA's; not there where there are none, or where the kernel doesn't say (before 5.12). */
  readonly cma?: number;
  /** First page frame; 0 where the zone is empty. */
  readonly startPfn: number;
}

const FIELD = /^ +(?:pages )?(free|spanned|present|managed|cma|start_pfn)(?: +|: +)(.*)$/;

/** Parses /proc/zoneinfo. Throws Broken where a zone lacks a field, or has one of them or itself twice. */
export function parseZoneinfo(text: string): Zone[] {
  const zones = new Map<string, Zone>();
  for (const part of text.split(/(?<![^\n])(?=Node )/).filter((one) => one.trim() !== '')) {
    const [first = '', ...lines] = part.split('\n');
    const head = /^Node (\d+), zone +(\w+)$/.exec(first);
    if (!head) throw new Broken(`zoneinfo: not "Node N, zone NAME": "${first.slice(0, 100)}"`);
    const [, node = '', name = ''] = head;
    const zone = zoneOf(exactNumber(node, 'zoneinfo: a node'), name, lines);
    const id = `node ${zone.node} zone ${name}`;
    if (zones.has(id)) throw new Broken(`zoneinfo: ${id} is there twice`);
    zones.set(id, zone);
  }
  return [...zones.values()];
}

function zoneOf(node: number, name: string, lines: readonly string[]): Zone {
  const what = `zoneinfo: node ${node} zone ${name}`;
  const fields = new Map<string, number>();
  for (const line of lines) {
    const [, field, digits = ''] = FIELD.exec(line) ?? [];
    if (field === undefined) continue;
    if (fields.has(field)) throw new Broken(`${what} has "${field}" twice`);
    fields.set(field, exactNumber(digits, `${what}: ${field}`));
  }
  const value = (field: string): number => {
    const number = fields.get(field);
    if (number === undefined) throw new Broken(`${what} has no "${field}"`);
    return number;
  };
  const present = value('present');
  const cma = fields.get('cma') ?? 0;
  // The kernel prints no start_pfn for a zone without pages.
  return {
    node,
    name,
    free: value('free'),
    spanned: value('spanned'),
    present,
    managed: value('managed'),
    ...(cma > 0 ? {cma} : {}),
    startPfn: present === 0 ? (fields.get('start_pfn') ?? 0) : value('start_pfn'),
  };
}
