// Makes a fresh clone ready: system packages, then npm packages. When all is there it only looks, which takes
// milliseconds.
import {spawnSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {npmIsCurrent} from './npm.js';
import {say} from './talk.js';
import {findCommand, missingTools} from './tools.js';

const directory = fileURLToPath(new URL('../../.bootstrap/', import.meta.url));
const installer = fileURLToPath(new URL('install.js', import.meta.url));
const BUSY = '75';

/**
 * Returns when memhp can run, or ends the process with status 2 after saying what to do.
 * @param {'run' | 'test'} purpose
 */
export function bootstrap(purpose) {
  if (missingTools(purpose).length === 0 && npmIsCurrent()) return;
  let status = setUp(purpose, '--nonblock', '--conflict-exit-code', BUSY);
  if (status === Number(BUSY)) {
    say('another memhp is setting up this checkout; waiting for it');
    status = setUp(purpose);
  }
  if (status !== 0) process.exit(status);
}

/**
 * Runs install.js under a lock that the kernel takes back however we end: two at once must not both run `npm ci`.
 * @param {'run' | 'test'} purpose
 * @param {string[]} options
 */
function setUp(purpose, ...options) {
  try {
    mkdirSync(directory, {recursive: true});
  } catch (error) {
    say(`setting up writes in the checkout, and can't: ${String(error)}`);
    return 2;
  }
  const install = [process.execPath, installer, purpose];
  const flock = findCommand('flock');
  const [file = '', ...args] = flock ? [flock, ...options, `${directory}lock`, ...install] : install;
  return spawnSync(file, args, {stdio: ['ignore', 'inherit', 'inherit']}).status ?? 130;
}
