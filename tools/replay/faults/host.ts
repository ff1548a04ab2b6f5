import type {Fault, Wrong} from './fault.ts';
import type {Entry} from '../recording.ts';

/** Mappings of QEMU that are smaller are no guest's memory. In KiB. */
const LARGE = 64 * 1024;

/** A fault of each large mapping in what the host says of QEMU's address space (/proc/PID/smaps), one at a time. */
const ofMapping = (id: string, says: string, wrong: (mapping: string) => string): Fault => ({
  id,
  says,
  *wrong(entry: Entry): Iterable<Wrong> {
    if (entry.kind !== 'script' || entry.port !== 'host' || entry.question !== 'smaps' || 'lost' in entry.answer)
      return;
    const {answer} = entry;
    const mappings = answer.stdout.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
    const large = mappings.filter((mapping) => Number(/^Size: +(\d+) kB$/m.exec(mapping)?.[1] ?? 0) >= LARGE);
    for (const [i, mapping] of large.entries()) {
      const changed = wrong(mapping);
      if (changed !== mapping)
        yield {
          about: `large mapping ${i + 1}`,
          answer: {...answer, stdout: mappings.with(mappings.indexOf(mapping), changed).join('')},
        };
    }
  },
});

/** What can be wrong with QEMU's memory as the host sees it. */
export const hostFaults: readonly Fault[] = [
  ofMapping('mapping-missing', "QEMU doesn't map the memory.", () => ''),
  ofMapping('mapping-twice', 'QEMU maps the memory twice.', (mapping) => mapping + mapping),
  ofMapping('mapping-empty', 'Nothing of the memory is on the host.', (mapping) =>
    mapping.replaceAll(
      /^((?:Rss|Private_Hugetlb|Shared_Hugetlb): +)\d+ kB$/gm,
      (_all, start: string) => `${start}0 kB`,
    ),
  ),
  ofMapping('mapping-pages', 'The memory is in pages of another size.', (mapping) =>
    mapping.replace(
      /^(KernelPageSize: +)(\d+) kB$/m,
      (_all, start: string, kib: string) => `${start}${Number(kib) * 2} kB`,
    ),
  ),
  ofMapping(
    'mapping-shared',
    "What is written is seen by others where it shouldn't be, or isn't where it should.",
    (mapping) =>
      mapping.replace(/^(\S+ ...)([ps])/, (_all, start: string, how: string) => start + (how === 'p' ? 's' : 'p')),
  ),
  ofMapping('mapping-file', 'Another file is mapped.', (mapping) => mapping.replace(/\n/, '.other\n')),
];
