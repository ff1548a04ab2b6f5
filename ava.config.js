import {relative} from 'node:path';

// Three sets of files share one config: unit tests, tests with real guests (MEMHP_TESTS=guest), and the conformance
// cases themselves (MEMHP_PLAN, set by `memhp run`), which own their deadlines and their parallelism.
const {MEMHP_PLAN, MEMHP_CASES = '', MEMHP_TESTS} = process.env;

const sets = {
  unit: {files: ['{lib,suites,tools}/**/*.test.ts', '!**/*.guest.test.ts'], concurrency: 2, timeout: '2m'},
  guest: {files: ['{lib,suites,tools}/**/*.guest.test.ts'], concurrency: 1, serial: true, timeout: '20m'},
  cases: {files: [relative(import.meta.dirname, MEMHP_CASES)], concurrency: 1, timeout: '48h'},
};

const set = MEMHP_PLAN ? 'cases' : MEMHP_TESTS === 'guest' ? 'guest' : 'unit';

export default {
  ...sets[set],
  extensions: {ts: 'module', js: true},
  nodeArguments: set === 'cases' ? [] : ['--import=tsx'], // cases come as a bundle, lib/cli/compile.js
  require: ['./tools/selftest/leave.js'],
  workerThreads: false, // a worker thread does not get tsx's loader: ERR_UNKNOWN_FILE_EXTENSION on Node 20
  utilizeParallelBuilds: false, // with CI_NODE_INDEX set, AVA would drop files on its own
};
