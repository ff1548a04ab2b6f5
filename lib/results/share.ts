import type {BlockSeen, Record} from './record.ts';

/** Lists of blocks that begin alike; `list` is the one that ends here. */
interface Lists {
  readonly next: Map<BlockSeen, Lists>;
  list?: BlockSeen[];
}

/**
 * Makes one object of equal memory blocks, and one of equal lists of them: from step to step, and from case to case,
 * hardly any differs. Ten thousand records take a third of the memory then, and what did not change is told by being
 * the same.
 */
export class BlockSharer {
  /** The first picture of the record before. */
  #first: BlockSeen[] = [];
  readonly #known = new Map<string, BlockSeen>();
  readonly #lists: Lists = {next: new Map()};

  /** The same record, its blocks shared with what came before. */
  share(record: Record): Record {
    let before = this.#first;
    for (const step of record.steps) {
      step.blocks = this.#shared(step.blocks, before);
      before = step.blocks;
    }
    this.#first = record.steps[0]?.blocks ?? this.#first;
    return record;
  }

  #shared(blocks: BlockSeen[], before: BlockSeen[]): BlockSeen[] {
    const shared = blocks.map((block, i) => {
      const old = before[i];
      return old && equal(old, block) ? old : this.#one(block);
    });
    if (shared.length === before.length && shared.every((block, i) => block === before[i])) return before;
    let lists = this.#lists;
    for (const block of shared) {
      let next = lists.next.get(block);
      if (!next) lists.next.set(block, (next = {next: new Map()}));
      lists = next;
    }
    return (lists.list ??= shared);
  }

  /** The first block that was equal to this one. */
  #one(block: BlockSeen): BlockSeen {
    const key = `${block.id} ${block.state} ${block.zones} ${block.node ?? ''} ${block.device ?? ''}`;
    const known = this.#known.get(key);
    if (known && equal(known, block)) return known; // zones and device may hold spaces: a key is no proof
    this.#known.set(key, block);
    return block;
  }
}

const equal = (a: BlockSeen, b: BlockSeen): boolean =>
  a.id === b.id && a.state === b.state && a.zones === b.zones && a.node === b.node && a.device === b.device;
