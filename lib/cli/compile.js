// Sources are TypeScript, and starting them through a loader costs half a second in each of the three processes of a
// run. So they are bundled once, into a directory named after what went in, and again only when a source has changed.
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Packages that must not be bundled: AVA hands out its own instance, ssh2 looks for native parts beside itself. */
const external = ['ava', 'ssh2', 'esbuild', 'tsx'];

/** @param {string} folder @returns {string[]} */
const sources = (folder) =>
  readdirSync(join(root, folder), {recursive: true, encoding: 'utf8'})
    .filter((name) => /\.[jt]s$/.test(name) && !/\.test\.ts$/.test(name))
    .map((name) => join(folder, name))
    .sort();

/**
 * The directory of the bundles for the sources as they are now; makes it if it isn't there.
 * @returns {Promise<string>}
 */
export async function compiled() {
  const suites = sources('suites');
  const hash = createHash('sha256').update(process.version);
  for (const file of [...sources('lib'), ...suites, 'package-lock.json']) {
    const {mtimeMs, size} = statSync(join(root, file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  const dir = join(root, 'dist', hash.digest('hex').slice(0, 16));
  if (!existsSync(dir)) await compile(dir, suites);
  return dir;
}

/** @param {string} dir @param {readonly string[]} suites */
async function compile(dir, suites) {
  const {build} = await import('esbuild');
  const work = `${dir}.${process.pid}`;
  mkdirSync(work, {recursive: true});
  const made = build({
    absWorkingDir: root,
    entryPoints: ['lib/cli/main.ts', 'lib/run/cases.ava.ts', ...suites],
    outbase: root,
    outdir: work,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'linked',
    logLevel: 'silent', // what is wrong is told once, by bin.js
    external,
    // CommonJS packages in the bundle call require.
    banner: {
      js:
        "import {createRequire as __createRequire} from 'node:module'; const require = " +
        '__createRequire(import.meta.url);',
    },
    define: {'process.env.MEMHP_ROOT': JSON.stringify(root), 'process.env.MEMHP_DIST': JSON.stringify(dir)},
  });
  try {
    await made;
  } catch (error) {
    rmSync(work, {recursive: true, force: true});
    throw error;
  }
  try {
    renameSync(work, dir);
  } catch (error) {
    rmSync(work, {recursive: true, force: true});
    if (!existsSync(dir)) throw error; // else another memhp was quicker
  }
  // Older bundles: of sources that are no more. A process that still runs from one keeps it for a while.
  for (const name of readdirSync(join(root, 'dist'))) {
    const path = join(root, 'dist', name);
    if (path !== dir && Date.now() - statSync(path).mtimeMs > 24 * 3600 * 1000)
      rmSync(path, {recursive: true, force: true});
  }
}

/** @param {string} dir @param {string} file */
export const entry = (dir, file) => pathToFileURL(join(dir, file)).href;
