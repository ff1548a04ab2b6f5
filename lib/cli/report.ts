import {setFlagsFromString} from 'node:v8';
import {writePublished, writeReports} from '../report/write.ts';
import {mergeRuns} from '../results/merge.ts';
import {loadRun} from '../results/store.ts';
import {readClaims} from '../run/claims.ts';

/** `memhp report`: from records alone, without QEMU. */
export async function reportCommand(
  dirs: string[],
  {out, published}: {out: string; published: boolean},
): Promise<void> {
  // What is read stays, and V8 would take the pieces of pages for the same and keep them too: 330 MB instead of 230 for
  // 10,000 records.
  setFlagsFromString('--no-allocation-site-pretenuring');
  const loaded = mergeRuns(await Promise.all(dirs.map((dir) => loadRun(dir))));
  const {files} = published
    ? await writePublished(loaded, out)
    : await writeReports(loaded, out, {claims: await readClaims()});
  for (const file of files) process.stdout.write(`${file}\n`);
}
