import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import {root} from '../../lib/util/paths.ts';

const directory = 'test-results';

/**
 * Turns a TAP stream into test-results/NAME.xml for CI engines. tap-junit's exit status is of no use: it is 0 for a run
 * that bailed out and 1 for one with a failing test, so only a file that can't be written is worth a word.
 */
export async function writeJunit(name: string, tap: string): Promise<void> {
  await mkdir(join(root, directory), {recursive: true});
  const args = ['--output', directory, '--name', `${name}.xml`, '--suite', name];
  const {stderr} = await execa('tap-junit', args, {
    cwd: root,
    preferLocal: true,
    localDir: root,
    input: tap,
    reject: false,
  });
  if (stderr.includes('error writing')) process.stderr.write(`${stderr}\n`);
}

/** TAP of parts that pass or fail as a whole. */
export function tapOf(results: ReadonlyMap<string, {failed: string[]}>): string {
  const lines = [...results].map(
    ([name, {failed}], index) => `${failed.length === 0 ? 'ok' : 'not ok'} ${index + 1} - ${name}`,
  );
  return ['TAP version 13', ...lines, `1..${lines.length}`, ''].join('\n');
}
