import {BLOCK} from '../predict/effect.ts';
import {matches, type Pattern} from '../rules/pattern.ts';
import type {RulesFile} from '../rules/rule.ts';
import {sliced} from '../follow/slice.ts';

/** Blocks that the rules tell apart from others by their names: one of them stands for all. */
export interface BlockClass {
  readonly block: number;
  /** `memory47`, `memory32 to memory39`, `memory0, memory2, memory4, …` */
  readonly name: string;
  /** How many blocks there are, of those looked at. */
  readonly size: number;
}

/** Blocks of 128 MiB up to 1 TiB. */
const LOOKED_AT = 8192;
/** So many patterns are looked at, and so many kinds of blocks. */
const PATTERNS = 16;
const CLASSES = 12;

/** The kinds of blocks that rules tell apart by KERNEL, KERNELS, DEVPATH and names in commands. The first is most. */
export function blockClasses(files: readonly RulesFile[]): BlockClass[] {
  const tests = testsOf(files);
  if (tests.length === 0) return [{block: BLOCK, name: 'every block', size: LOOKED_AT}];
  const byKind = new Map<string, number[]>();
  for (let block = 0; block < LOOKED_AT; block += 1) {
    const kind = tests.map((test) => (test(`memory${block}`) ? '1' : '0')).join('');
    const known = byKind.get(kind);
    if (known) known.push(block);
    else byKind.set(kind, [block]);
  }
  return [...byKind.values()]
    .sort((a, b) => b.length - a.length)
    .slice(0, CLASSES)
    .map((blocks) => ({
      block: blocks.includes(BLOCK) ? BLOCK : (blocks.find((one) => one > BLOCK) ?? blocks[0] ?? BLOCK),
      name: nameOf(blocks),
      size: blocks.length,
    }));
}

/** Whether rules ask what the guest is: virtualization, architecture, firmware. If not, they do the same on each. */
export const tellsGuests = (files: readonly RulesFile[]): boolean =>
  sliced(files).some(({rules}) =>
    rules.some(({tokens}) =>
      tokens.some(({key, attr, value}) => key === 'CONST' || GUEST.test(`${attr ?? ''} ${value}`)),
    ),
  );

const GUEST = /dmi|uname|detect-virt|arch|lscpu|hostnamectl|machine/;

type Test = (name: string) => boolean;

function testsOf(files: readonly RulesFile[]): Test[] {
  const tests = new Map<string, Test>();
  const add = (key: string, test: Test): void => {
    if (tests.size < PATTERNS && !tests.has(key)) tests.set(key, test);
  };
  for (const {rules} of sliced(files)) {
    for (const {tokens} of rules) {
      for (const {key, pattern, value, attr} of tokens) {
        if (pattern && (key === 'KERNEL' || key === 'KERNELS') && tells(pattern, 'memory'))
          add(value, (name) => matches(pattern, name));
        if (pattern && key === 'DEVPATH') add(value, (name) => matches(pattern, `/devices/system/memory/${name}`));
        for (const [name] of `${value} ${attr ?? ''}`.matchAll(/\bmemory\d+\b/g)) add(name, (one) => one === name);
      }
    }
  }
  return [...tests.values()];
}

/** A pattern that is for names like this one, at least in part. */
const tells = ({alternatives}: Pattern, prefix: string): boolean =>
  alternatives.some(
    (one) => one.startsWith(prefix.slice(0, Math.max(1, /^[^*?[]*/.exec(one)?.[0].length ?? 0))) || /^[*?[]/.test(one),
  );

function nameOf(blocks: readonly number[]): string {
  if (blocks.length > LOOKED_AT / 2) return 'most blocks';
  const ranges: [number, number][] = [];
  for (const block of blocks) {
    const last = ranges.at(-1);
    if (last?.[1] === block - 1) last[1] = block;
    else ranges.push([block, block]);
  }
  const names = ranges
    .slice(0, 3)
    .map(([from, to]) =>
      from === to ? `memory${from}` : to === LOOKED_AT - 1 ? `memory${from} and above` : `memory${from} to memory${to}`,
    );
  return ranges.length > 3 ? `${names.join(', ')}, …` : names.join(', ');
}
