import {join} from 'node:path';
import {execa} from 'execa';
import {runTool} from '../../lib/image/tool.ts';
import {root} from '../../lib/util/paths.ts';

/** What a checkout needs to run cases, as a user would have it: no bundle, which is made where it runs. */
const CHECKOUT = ['package.json', 'package-lock.json', 'ava.config.js', 'images', 'lib', 'suites'];

/** Packs this checkout and the npm packages that running it needs into a tar file. */
export async function packCheckout(file: string, signal: AbortSignal): Promise<void> {
  const {stdout} = await execa('npm', ['ls', '--omit=dev', '--all', '--parseable'], {cwd: root, reject: false});
  const packages = stdout
    .split('\n')
    .filter((path) => path.startsWith(join(root, 'node_modules')))
    .map((path) => path.slice(root.length));
  await runTool(
    'tar',
    ['-cf', file, '--owner=0', '--group=0', '--numeric-owner', '-C', root, ...CHECKOUT, ...new Set(packages)],
    {signal},
  );
}
