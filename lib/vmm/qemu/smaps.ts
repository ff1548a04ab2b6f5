import {Broken} from '../../util/errors.ts';

/** A mapping of QEMU's address space; sizes in KiB. */
export interface Mapping {
  /** What is mapped; empty for anonymous memory. */
  readonly path: string;
  /** `rw-p` where it is QEMU's own, `rw-s` where others see what is written. */
  readonly permissions: string;
  readonly size: number;
  /** What of it is in memory: for huge pages of hugetlbfs too, which the kernel counts apart. */
  readonly resident: number;
  /** Size of its pages. */
  readonly page: number;
}

const HEAD = /^[0-9a-f]+-[0-9a-f]+ ([rwxsp-]{4}) [0-9a-f]+ \S+ \d+ *(.*)$/;

/** Parses /proc/PID/smaps. Throws Broken on a mapping that lacks a size. */
export function parseSmaps(text: string): Mapping[] {
  const parts = text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).filter((part) => part.trim() !== '');
  return parts.map((part) => {
    const [head = '', ...lines] = part.split('\n');
    const match = HEAD.exec(head);
    if (!match) throw new Broken(`smaps: not a mapping: "${head.slice(0, 120)}"`);
    const values = new Map(
      lines.flatMap((line) => {
        const field = /^(\w+):\s+(\d+) kB$/.exec(line);
        return field ? [[field[1] ?? '', Number(field[2])] as const] : [];
      }),
    );
    const value = (name: string): number => {
      const kib = values.get(name);
      if (kib === undefined) throw new Broken(`smaps: the mapping "${head.slice(0, 120)}" has no ${name}`);
      return kib;
    };
    const huge = (values.get('Shared_Hugetlb') ?? 0) + (values.get('Private_Hugetlb') ?? 0);
    return {
      path: match[2] ?? '',
      permissions: match[1] ?? '',
      size: value('Size'),
      resident: value('Rss') + huge,
      page: value('KernelPageSize'),
    };
  });
}
