import {writePublished, writeReports} from '../report/write.ts';
import {mergeRuns} from '../results/merge.ts';
import {loadRun} from '../results/store.ts';
import {readClaims} from '../run/claims.ts';

/** `memhp report`: from records alone, without QEMU. */
export async function reportCommand(dirs: string[], {out, published}: {out: string; published: boolean}): Promise<void> {
  const loaded = mergeRuns(await Promise.all(dirs.map((dir) => loadRun(dir))));
  const {files} = published ? await writePublished(loaded, out) : await writeReports(loaded, out, {claims: await readClaims()});
  for (const file of files) process.stdout.write(`${file}\n`);
}
