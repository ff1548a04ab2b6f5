/**
 * What each folder may import besides itself; the linter enforces it. Data flows image → machine → guest → conformance → run:
 * nothing reaches back, and a report is made from records alone. A folder that isn't listed may not exist.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const layers = {
  util: [],
  bootstrap: [],
  results: ['util'],
  report: ['results', 'util'],
  // Before the folder that it stands in: the first one that holds a file is its layer.
  'udev/effects': [
    'udev', 'bench', 'conformance', 'guest', 'hotplug', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console', 'results', 'util',
  ],
  udev: ['util'],
  qmp: ['shell', 'console', 'util'],
  shell: ['qmp', 'console', 'util'],
  console: ['qmp', 'shell', 'util'],
  qemu: ['qmp', 'shell', 'console', 'util'],
  image: ['bootstrap', 'qemu', 'qmp', 'shell', 'console', 'util'],
  machine: ['image', 'qemu', 'qmp', 'shell', 'console', 'util'],
  guest: ['hotplug', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console', 'results', 'util'],
  hotplug: ['guest', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console', 'results', 'util'],
  conformance: ['udev', 'guest', 'hotplug', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console', 'results', 'util'],
  suites: ['conformance'],
  run: [
    'suites', 'conformance', 'report', 'udev', 'guest', 'hotplug', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console',
    'results', 'util',
  ],
  replay: [
    'run', 'suites', 'conformance', 'udev', 'guest', 'hotplug', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console', 'results',
    'util',
  ],
  nested: ['run', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console', 'results', 'util'],
  bench: [
    'run', 'suites', 'conformance', 'report', 'guest', 'hotplug', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console', 'results',
    'util',
  ],
  faults: [
    'run', 'suites', 'conformance', 'udev', 'guest', 'hotplug', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console', 'results',
    'util',
  ],
  mutate: [
    'replay', 'run', 'suites', 'conformance', 'udev', 'guest', 'hotplug', 'machine', 'image', 'qemu', 'qmp', 'shell', 'console',
    'results', 'util',
  ],
  cli: [
    'bootstrap', 'run', 'suites', 'conformance', 'report', 'udev', 'guest', 'hotplug', 'machine', 'image', 'qemu', 'qmp',
    'shell', 'console', 'results', 'util',
  ],
  selftest: ['bootstrap', 'util'],
};

/** Folders that may not import every package either: suites only state facts, and the bootstrap runs before `npm ci`. */
export const closed = {suites: ['core', 'external'], bootstrap: ['external']};
