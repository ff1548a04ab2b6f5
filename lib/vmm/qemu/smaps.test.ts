import test from 'ava';
import {parseSmaps} from './smaps.ts';

const TEXT = `7f0000000000-7f0008000000 rw-s 00000000 fe:00 1234                       /run/files/mem-dimm0
Size:             131072 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:               16384 kB
Private_Dirty:     16384 kB
Shared_Hugetlb:        0 kB
Private_Hugetlb:       0 kB
VmFlags: rd wr sh mr mw me ms dd
7f0010000000-7f0018000000 rw-p 00000000 00:0f 99                         /anon_hugepage (deleted)
Size:             131072 kB
KernelPageSize:     2048 kB
Rss:                   0 kB
Private_Hugetlb:    6144 kB
7f0020000000-7f0020001000 ---p 00000000 00:00 0
Size:                  4 kB
KernelPageSize:        4 kB
Rss:                   0 kB
`;

test('mappings with their path, permissions, size, resident part and page size', (t) => {
  t.deepEqual(parseSmaps(TEXT), [
    {path: '/run/files/mem-dimm0', permissions: 'rw-s', size: 131_072, resident: 16_384, page: 4},
    {path: '/anon_hugepage (deleted)', permissions: 'rw-p', size: 131_072, resident: 6144, page: 2048},
    {path: '', permissions: '---p', size: 4, resident: 0, page: 4},
  ]);
});

test('a mapping without its size is refused', (t) => {
  t.throws(() => parseSmaps(TEXT.replace('Rss:               16384 kB\n', '')), {message: /mem-dimm0" has no Rss/});
  t.throws(() => parseSmaps('what is this\n'), {message: /not a mapping/});
});
