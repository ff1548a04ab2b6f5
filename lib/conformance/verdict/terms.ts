import type {Observation} from '../../guest/observation.ts';
import type {Arch} from '../../image/image.ts';
import {systemRam} from '../../guest/iomem.ts';
import type {Zone} from '../../guest/zoneinfo.ts';
import type {Json} from '../../results/record.ts';

/** What a recorded deviation's condition and its values refer to, so that it isn't bound to one machine. */
export interface Terms {
  readonly arch: Arch;
  /** Id of the block where memory devices begin. */
  readonly deviceBlock: number;
  /** Pages of a memory block. */
  readonly blockPages: number;
  /** Bytes of a memory block. */
  readonly blockSize: number;
  /** As the case began: zones, ids of memory blocks, bytes of System RAM. */
  readonly zones: readonly Zone[];
  readonly blocks: readonly number[];
  readonly ram: number;
}

/** The terms of a guest, as it was when its case began. */
export const termsOf = (first: Observation, {arch, deviceMemory}: {arch: Arch; deviceMemory: number}): Terms => ({
  arch,
  deviceBlock: Math.floor(deviceMemory / first.blockSize),
  blockPages: first.blockSize / first.page,
  blockSize: first.blockSize,
  zones: first.zones,
  blocks: first.blocks.map(({id}) => id),
  ram: systemRam(first.iomem, first.unmapped).reduce((sum, {start, end}) => sum + end - start, 0),
});

const BLOCK = /<device\+(\d+)>/g;
const PAGES = /^<(?:(boot) \+ )?(\d+) blocks?>$/;
const RAM = /^<boot RAM \+ (\d+) blocks?>$/;
const START = /^<start of device\+(\d+)>$/;
const ZONE = /^zones\.node (\d+) (\w+)\.(spanned|present|managed)$/;

/**
 * A recorded value on a certain guest: `memory<device+1>` is the second block from where memory devices begin, `<2 blocks>`
 * their pages, `<start of device+1>` a block's first page, and `<boot + 2 blocks>` under the name of a zone's field so
 * many pages more than the case began with. `<boot blocks>` are the ids of the blocks that there were as the case began,
 * `<boot RAM + 1 block>` the bytes of System RAM then and of so many blocks. A value without any of them is the same on every guest.
 */
export function inTermsOf(value: Json, terms: Terms, field = ''): Json {
  if (Array.isArray(value)) return value.map((one) => inTermsOf(one, terms, field));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        const named = withBlocks(key, terms);
        return [named, inTermsOf(one, terms, named)];
      }),
    );
  if (typeof value !== 'string') return value;
  const [, boot, blocks] = PAGES.exec(value) ?? [];
  if (blocks !== undefined) return (boot ? atBoot(field, terms) : 0) + Number(blocks) * terms.blockPages;
  if (value === '<boot blocks>') return [...terms.blocks];
  const [, more] = RAM.exec(value) ?? [];
  if (more !== undefined) return terms.ram + Number(more) * terms.blockSize;
  const [, block] = START.exec(value) ?? [];
  if (block !== undefined) return (terms.deviceBlock + Number(block)) * terms.blockPages;
  return withBlocks(value, terms);
}

const withBlocks = (text: string, {deviceBlock}: Terms): string =>
  text.replaceAll(BLOCK, (_all, behind: string) => String(deviceBlock + Number(behind)));

function atBoot(field: string, {zones}: Terms): number {
  const [, node, name, what] = ZONE.exec(field) ?? [];
  if (what === undefined) throw new Error(`"<boot + …>" stands under "${field}", which is no field of a zone`);
  return zones.find((zone) => zone.node === Number(node) && zone.name === name)?.[what as 'present'] ?? 0;
}
