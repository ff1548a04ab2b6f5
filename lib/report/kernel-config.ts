import type {LoadedRun} from '../results/store.ts';
import type {KernelSeen, Record} from '../results/record.ts';
import {compareVersions} from '../util/debian-version.ts';
import {formatSize} from '../util/size.ts';
import {UNKNOWN} from './words.ts';

/** What memory hotplug depends on; several where an option was replaced by others. */
const OPTIONS = [
  'MEMORY_HOTPLUG',
  'MEMORY_HOTREMOVE',
  'ACPI_HOTPLUG_MEMORY',
  'VIRTIO_MEM',
  'VIRTIO_BALLOON',
  'MEMORY_HOTPLUG_DEFAULT_ONLINE',
  'MHP_DEFAULT_ONLINE_TYPE_OFFLINE',
  'MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO',
  'MHP_DEFAULT_ONLINE_TYPE_ONLINE_KERNEL',
  'MHP_DEFAULT_ONLINE_TYPE_ONLINE_MOVABLE',
  'MHP_MEMMAP_ON_MEMORY',
  'ARCH_MHP_MEMMAP_ON_MEMORY_ENABLE',
  'HUGETLB_PAGE',
  'CMA',
  'NUMA',
  'ZONE_DEVICE',
  'MEMORY_FAILURE',
  'ARCH_MEMORY_PROBE',
  'MEMORY_NOTIFIER_ERROR_INJECT',
  'FAIL_PAGE_ALLOC',
] as const;

/** The case by which a guest shows that it acknowledges a DIMM and adds nothing. */
const UNADDED = 'plug/no-guest-driver';

/** What `y`, `m` and the rest say, for the reader. */
export const CONFIG_LEGEND =
  'y and m as in the config; "not set" is said by it; "absent": it does not name the option, so this kernel has none of ' +
  'that name, or what it depends on is missing; "not recorded": the guest was booted by a memhp that did not look. ' +
  '"Acknowledged, not added" is what the guest did with a DIMM, not config.';

/** Options by kernel: a row each, a column a kernel, the oldest first in each architecture. */
export function configTable({run: {kernels = []}, records}: Pick<LoadedRun, 'run' | 'records'>): {
  head: string[];
  rows: string[][];
} {
  const sorted = [...kernels].sort(
    (a, b) => (a.arch < b.arch ? -1 : a.arch > b.arch ? 1 : 0) || compareVersions(a.kernel, b.kernel),
  );
  return {
    head: ['option', ...sorted.map(({arch, kernel}) => (kernel.endsWith(arch) ? kernel : `${kernel} (${arch})`))],
    rows: [
      ...OPTIONS.map((name) => [name, ...sorted.map((kernel) => optionOf(kernel, `CONFIG_${name}`))]),
      ['page size', ...sorted.map(({page}) => (page === undefined ? UNKNOWN : formatSize(page)))],
      ['acknowledged, not added', ...sorted.map((kernel) => unadded(kernel, records))],
    ],
  };
}

function optionOf({config, unset}: KernelSeen, name: string): string {
  if (config === null) return 'no config';
  if (config[name] !== undefined) return config[name];
  if (unset === undefined) return 'not recorded';
  return unset.includes(name) ? 'not set' : 'absent';
}

function unadded({arch, kernel}: KernelSeen, records: readonly Record[]): string {
  const own = records.filter(({case: id, cell}) => id === UNADDED && cell.kernel === kernel && cell.arch === arch);
  const outcomes = new Set(own.map(({outcome}) => (outcome === 'pass' ? 'yes' : outcome)));
  return [...outcomes].join(', ') || 'not run';
}
