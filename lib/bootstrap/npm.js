// The locked npm packages: whether they are there, and how they get there.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {Stop, say} from './talk.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const stamp = `${root}node_modules/.memhp-lock`;

/** Whether node_modules is what package-lock.json says. */
export function npmIsCurrent() {
  const lock = read(`${root}package-lock.json`);
  const digest = createHash('sha256').update(lock).digest('hex');
  if (read(stamp) === digest) return true;
  if (!agrees(lock, read(`${root}node_modules/.package-lock.json`))) return false;
  writeStamp(digest);
  return true;
}

/**
 * npm writes its own record of node_modules last. Where that has all that the lock asks for, somebody ran npm
 * themselves.
 * @param {string} lock
 * @param {string} installed
 */
export function agrees(lock, installed) {
  if (installed === '') return false;
  const has = packagesOf(installed);
  return Object.entries(packagesOf(lock)).every(
    ([path, {version, optional, devOptional, peer}]) =>
      path === '' || (has[path] ? has[path].version === version : Boolean(optional ?? devOptional ?? peer)),
  );
}

/** `npm ci`, quietly; its output is shown when it fails. */
export function npmCi() {
  const startedAt = Date.now();
  say('installing the locked npm packages (npm ci)');
  // No install scripts: the only one of use makes esbuild's command start faster, and npm 10 would compile ssh2's
  // extras.
  const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const {status, error, stdout, stderr} = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error) throw new Stop(`npm could not be started (${error.message}). Install npm and try again.`);
  if (status !== 0) throw new Stop(`npm ci failed:\n\n${stdout}${stderr}`);
  if (!npmIsCurrent()) throw new Stop('npm ci ended well, but node_modules is not what package-lock.json says.');
  say(`npm packages installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

/** @typedef {{version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean}} Package */
/** @typedef {{packages: Record<string, Package>}} Lock */

/** @param {string} text */
const packagesOf = (text) => /** @type {Lock} */ (JSON.parse(text)).packages;

/** @param {string} digest */
function writeStamp(digest) {
  try {
    writeFileSync(stamp, digest);
  } catch {
    // A checkout that is read-only for this user: compared again next time.
  }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
