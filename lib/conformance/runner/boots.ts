/**
 * Boot configs that suites share: booting one takes much longer than a case. Each says several things that don't meet.
 */
export const boots = {
  /** On one node without kernelcore=. CMA is there where the kernel has it. */
  movableNode: {append: 'memhp_default_state=offline movable_node cma=64M'},
  /** Pages aren't zeroed when they are allocated, so that much memory is taken quickly. */
  ownMemmap: {append: 'init_on_alloc=0 memhp_default_state=online memory_hotplug.memmap_on_memory=1'},
  ownMemmapForced: {append: 'memhp_default_state=online_movable movablecore=25% memory_hotplug.memmap_on_memory=force'},
  /**
   * With nokaslr, because the kernel may else lie in the blocks of Movable boot memory, none of which could go offline
   * then.
   */
  autoMovable: {
    append:
      'nokaslr memhp_default_state=online_kernel kernelcore=512M memory_hotplug.online_policy=auto-movable ' +
      'memory_hotplug.auto_movable_ratio=50 memory_hotplug.auto_movable_numa_aware=N',
  },
  /** Words that nothing knows. Pages aren't zeroed when they are allocated, which takes long for huge ones. */
  unknownWords: {
    append:
      'init_on_alloc=0 memhp_default_state=onlin kernelcore=60% memory_hotplug.online_policy=contig ' +
      'memory_hotplug.auto_movable_ratio=many memory_hotplug.auto_movable_numa_aware=perhaps',
  },
  /** For guests with DIMMs on the command line: what their blocks are after boot. */
  coldOffline: {append: 'memhp_default_state=offline'},
  coldMovable: {append: 'memhp_default_state=online_movable'},
  /**
   * Of 62 GiB that end at 64 GiB the guest leaves all alone but the lowest and the highest 2 GiB: the memory map of the
   * rest would be real memory.
   */
  largeBlocks: {append: 'memmap=58G$4G'},
  /** Room for a kernel that boots after a crash. */
  crashKernel: {append: 'memhp_default_state=offline crashkernel=256M'},
  /** The owner of each page is kept, which takes memory; what is freed and used still is known by its zeros. */
  allocations: {append: 'page_owner=on init_on_free=1'},
  /** For two nodes. */
  bothCores: {append: 'kernelcore=300M movablecore=400M'},
} as const;
