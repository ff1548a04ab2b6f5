import {Broken} from '../util/errors.ts';
import {exactNumber} from '../util/number.ts';

/** A memory block as its sysfs files have it; a file that isn't there is undefined. */
export interface BlockView {
  readonly id: number;
  readonly state: string;
  readonly online: string | undefined;
  /** The words of valid_zones. */
  readonly validZones: readonly string[];
  readonly removable: string | undefined;
  readonly physIndex: string | undefined;
  readonly physDevice: string | undefined;
  /** Nodes that memoryN/nodeM links name. */
  readonly nodes: readonly number[];
  /** Nodes whose nodeM/memoryN links name this block. */
  readonly linkedFrom: readonly number[];
}

interface Links {
  /** Blocks that a link names, wherever it leads. */
  readonly named: Set<number>;
  readonly toNode: Map<number, number[]>;
  readonly fromNode: Map<number, number[]>;
}

/** Puts together the blocks from `memory/memoryN/FILE` contents and lines `LINK -> WHERE IT LEADS TO`. */
export function parseBlocks(files: ReadonlyMap<string, string>, linkText: string): BlockView[] {
  const links = parseLinks(linkText);
  const named = [...files.keys()]
    .flatMap((path) => /^memory\/memory(\d+)\//.exec(path)?.[1] ?? [])
    .map((digits) => exactNumber(digits, 'a memory block'));
  // A link that outlives its block shows a block without any file.
  const ids = new Set([...named, ...links.named]);
  return [...ids]
    .sort((a, b) => a - b)
    .map((id) => {
      const file = (name: string): string | undefined => files.get(`memory/memory${id}/${name}`);
      return {
        id,
        state: file('state') ?? '',
        online: file('online'),
        validZones: (file('valid_zones') ?? '').split(' ').filter(Boolean),
        removable: file('removable'),
        physIndex: file('phys_index'),
        physDevice: file('phys_device'),
        nodes: links.toNode.get(id) ?? [],
        linkedFrom: links.fromNode.get(id) ?? [],
      };
    });
}

/**
 * `LINK -> TARGET`, maybe with what ls says of the link before it. A link is counted only where it leads to what its
 * name says.
 */
const LINK = /^(?:l\S+ .* )?(?:memory\/memory(\d+)\/node(\d+)|node\/node(\d+)\/memory(\d+)) -> (.*)$/;

function parseLinks(text: string): Links {
  const links: Links = {named: new Set(), toNode: new Map(), fromNode: new Map()};
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const match = LINK.exec(line);
    if (!match) throw new Broken(`not a link between a block and a node: "${line.slice(0, 120)}"`);
    const [, block, node, fromNode, toBlock, target] = match;
    const number = (digits: string | undefined): number =>
      exactNumber(digits ?? '', 'a link between a block and a node');
    links.named.add(number(block ?? toBlock));
    if (block !== undefined && target === `../../node/node${node}`) push(links.toNode, number(block), number(node));
    if (toBlock !== undefined && target === `../../memory/memory${toBlock}`)
      push(links.fromNode, number(toBlock), number(fromNode));
  }
  return links;
}

function push(map: Map<number, number[]>, key: number, value: number): void {
  const there = map.get(key);
  if (there) there.push(value);
  else map.set(key, [value]);
}
