/**
 * What each folder imports besides itself: exactly that; the linter refuses more, and a test refuses to allow what nobody uses.
 * lib/ is the product and knows nothing of tools/, which checks it. A folder that isn't listed may not exist.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const layers = {
  'lib/util': [],
  'lib/bootstrap': [],
  'lib/results': ['lib/util'],
  'lib/report': ['lib/results', 'lib/util'],
  'lib/udev': ['lib/util'],
  'lib/console': ['lib/util'],
  'lib/shell': ['lib/util'],
  'lib/image': ['lib/util'],
  'lib/vmm/qemu': ['lib/console', 'lib/util'],
  'lib/guest': ['lib/shell', 'lib/vmm/qemu', 'lib/util'],
  'lib/vmm/devices': ['lib/guest', 'lib/vmm/qemu', 'lib/util'],
  'lib/machine': ['lib/image', 'lib/vmm/qemu', 'lib/shell', 'lib/console', 'lib/util'],
  'lib/conformance': [
    'lib/udev', 'lib/guest', 'lib/vmm/devices', 'lib/machine', 'lib/image', 'lib/vmm/qemu', 'lib/shell', 'lib/console',
    'lib/results', 'lib/util',
  ],
  suites: ['lib/conformance'],
  'lib/run': [
    'lib/conformance', 'lib/report', 'lib/guest', 'lib/machine', 'lib/image', 'lib/vmm/qemu', 'lib/shell', 'lib/results', 'lib/util',
  ],
  'lib/cli': ['lib/bootstrap', 'lib/run', 'lib/report', 'lib/udev', 'lib/machine', 'lib/image', 'lib/vmm/qemu', 'lib/results', 'lib/util'],
  'tools/docs': ['lib/util'],
  'tools/selftest': ['lib/bootstrap', 'lib/util'],
  'tools/replay': ['lib/conformance', 'lib/guest', 'lib/machine', 'lib/vmm/qemu', 'lib/shell', 'lib/console', 'lib/util'],
  'tools/detect': ['tools/replay', 'lib/run', 'lib/conformance', 'lib/results', 'lib/util'],
  'tools/mutate': ['tools/detect', 'tools/replay', 'lib/conformance', 'lib/guest', 'lib/results', 'lib/util'],
  'tools/hostile': [
    'lib/run', 'lib/conformance', 'lib/guest', 'lib/machine', 'lib/image', 'lib/vmm/qemu', 'lib/results', 'lib/util',
  ],
  'tools/faults': ['tools/hostile', 'lib/run', 'lib/image', 'lib/vmm/qemu', 'lib/results', 'lib/util'],
  'tools/nested': ['lib/run', 'lib/machine', 'lib/image', 'lib/vmm/qemu', 'lib/shell', 'lib/results', 'lib/util'],
  'tools/bench': [
    'lib/run', 'lib/conformance', 'lib/guest', 'lib/vmm/devices', 'lib/machine', 'lib/image', 'lib/vmm/qemu', 'lib/results', 'lib/util',
  ],
  'tools/udev-fuzz': ['lib/udev'],
  'tools/udev-verify': ['lib/udev', 'lib/util'],
  'tools/udev-effect': [
    'tools/bench', 'tools/udev-fuzz', 'tools/udev-verify', 'lib/conformance', 'lib/udev', 'lib/guest', 'lib/vmm/devices',
    'lib/machine', 'lib/util',
  ],
};

/** Folders that may not import every package either: suites only state facts, and the bootstrap runs before `npm ci`. */
export const closed = {suites: ['core', 'external'], 'lib/bootstrap': ['external']};
