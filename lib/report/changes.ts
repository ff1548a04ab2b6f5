import type {BlockSeen} from '../results/record.ts';
import {groupBy} from '../results/summary.ts';

type Blocks = readonly BlockSeen[];
const told = new WeakMap<Blocks, WeakMap<Blocks, readonly string[]>>();

/**
 * What happened to the blocks between two pictures, in words: `memory32…memory39: offline → online Movable`. A run has
 * few pictures (lib/results/share.ts), so the words are kept.
 */
export function changesOf(before: Blocks, after: Blocks): readonly string[] {
  const from = told.get(before) ?? new WeakMap<Blocks, readonly string[]>();
  const changes = from.get(after) ?? compare(before, after);
  told.set(before, from.set(after, changes));
  return changes;
}

function compare(before: Blocks, after: Blocks): string[] {
  let same = 0; // a run's reader makes one object of equal blocks, and nearly all of them are at the beginning
  while (same < before.length && before[same] === after[same]) same += 1;
  const was = conditions(before.slice(same));
  const is = conditions(after.slice(same));
  const ids = [...new Set([...was.keys(), ...is.keys()])].sort((a, b) => a - b);
  const changed = ids.flatMap((id) => {
    const [from, to] = [was.get(id) ?? 'absent', is.get(id) ?? 'absent'];
    return from === to ? [] : [{id, transition: `${from} → ${to}`}];
  });
  return [...groupBy(changed, ({transition}) => transition)].map(
    ([transition, group]) => `${names(group.map(({id}) => id))}: ${transition}`,
  );
}

const conditions = (blocks: Blocks): Map<number, string> =>
  new Map(blocks.map((block) => [block.id, condition(block)]));

/** valid_zones of an offline block says where it could go, which is no condition of its own. */
const condition = ({state, zones}: BlockSeen): string => (state === 'online' ? `online ${zones}` : state);

function names(ids: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const id of ids) {
    const last = spans.at(-1);
    if (last && last[1] === id - 1) last[1] = id;
    else spans.push([id, id]);
  }
  const shown = spans.slice(0, 6).map(([from, to]) => (from === to ? `memory${from}` : `memory${from}…memory${to}`));
  return [...shown, ...(spans.length > 6 ? [`${spans.length - 6} ranges more`] : [])].join(', ');
}
