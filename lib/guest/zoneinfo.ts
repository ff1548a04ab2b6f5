import {Broken} from '../util/errors.ts';

/** One zone of one node; page counts are of the guest's base pages. */
export interface Zone {
  readonly node: number;
  readonly name: string;
  readonly free: number;
  /** From the first to the last page frame, holes included. */
  readonly spanned: number;
  readonly present: number;
  readonly managed: number;
  /** First page frame; 0 where the zone is empty. */
  readonly startPfn: number;
}

const FIELDS = ['free', 'spanned', 'present', 'managed', 'startPfn'] as const;

/** Parses /proc/zoneinfo. Throws Broken where a zone lacks a field. */
export function parseZoneinfo(text: string): Zone[] {
  return text
    .split(/^(?=Node )/m)
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const head = /^Node (\d+), zone\s+(\w+)/.exec(part);
      if (!head) throw new Broken(`zoneinfo: not "Node N, zone NAME": "${part.slice(0, 100)}"`);
      const zone: Record<string, number> = {};
      for (const [, key, value] of part.matchAll(/^ +(?:pages )?(free|spanned|present|managed|start_pfn)[: ]+(\d+)$/gm)) {
        zone[key === 'start_pfn' ? 'startPfn' : (key ?? '')] ??= Number(value);
      }
      zone['startPfn'] ??= 0;
      const missing = FIELDS.find((field) => zone[field] === undefined);
      if (missing) throw new Broken(`zoneinfo: node ${head[1]} zone ${head[2]} has no "${missing}"`);
      return {node: Number(head[1]), name: head[2] ?? '', ...zone} as unknown as Zone;
    });
}
