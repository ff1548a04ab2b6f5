import {z} from 'zod';
import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from './guest.ts';

const answer = z.object({
  memory: z.array(
    z.looseObject({
      block: z.union([z.string(), z.number()]),
      state: z.string(),
      removable: z.union([z.boolean(), z.string()]).nullable(),
      node: z.union([z.string(), z.number()]).nullable(),
      zones: z.string().nullable().optional(),
    }),
  ),
});

/**
 * What lsmem says of each block: `memory32 online yes 0 Normal`; where it has no column for zones, `-`. Throws Broken
 * on an answer of another form.
 */
export async function lsmem(guest: CaseGuest, sysroot?: string): Promise<string[]> {
  const text = await guest.sh(
    `lsmem --all --json --output ` +
      `BLOCK,STATE,REMOVABLE,NODE,ZONES${sysroot === undefined ? '' : ` --sysroot ${sysroot}`} 2>/dev/null`,
  );
  const read = answer.safeParse(JSON.parse(text));
  if (!read.success) throw new Broken(`lsmem's answer is none that is known: ${text.slice(0, 300)}`);
  return read.data.memory.map(
    ({block, state, removable, node, zones}) =>
      `memory${block} ${state} ${told(removable, state)} ${node ?? '-'} ${zones ?? '-'}`,
  );
}

/**
 * It tells of online blocks alone whether they are removable, and writes a dash for others, which its JSON turns into
 * false.
 */
function told(removable: boolean | string | null, state: string): string {
  if (removable === true || removable === 'yes') return 'yes';
  return state === 'online' ? 'no' : '-';
}

/** The same from the newest observation. lsmem writes the zones of a block with a slash, and None for several. */
export const blocksAsLsmem = ({now}: CaseGuest): string[] =>
  now.blocks.map(
    ({id, state, removable, nodes, validZones}) =>
      `memory${id} ${state} ${state !== 'online' ? '-' : removable === '1' ? 'yes' : 'no'} ` +
      `${nodes[0] ?? '-'} ${validZones.map((name) => (name === 'none' ? 'None' : name)).join('/')}`,
  );

/**
 * Copies what sysfs says of the blocks but one into a directory of the guest's, for lsmem's --sysroot; returns its
 * path.
 */
export async function sysrootWithout(guest: CaseGuest, block: string): Promise<string> {
  const root = '/run/memhp.sysroot';
  await guest.sh(`
    mkdir -p ${root}/sys/devices/system/memory && cd /sys/devices/system/memory
    cat block_size_bytes >${root}/sys/devices/system/memory/block_size_bytes
    for b in memory[0-9]*; do
      [ $b = ${block} ] && continue
      to=${root}/sys/devices/system/memory/$b
      mkdir $to && for f in state removable phys_index valid_zones; do cat $b/$f >$to/$f; done
      for n in $b/node[0-9]*; do mkdir $to/\${n#*/}; done
    done`);
  return root;
}
