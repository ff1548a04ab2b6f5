import {join} from 'node:path';
import type {LoadedRun} from '../results/store.ts';
import {writeWhole} from '../util/files.ts';
import {type Compat, compatOf} from './compat.ts';
import {renderHtml} from './html/html.ts';
import {renderJunit} from './junit.ts';
import {markdownCompat, renderMarkdown} from './markdown.ts';
import {escapeMd} from './markdown-text.ts';
import type {Claim} from './html/claims.ts';
import {writeChunks} from './chunks.ts';
import {viewOf} from './view.ts';
import {formatTime} from './words.ts';

/** Writes every format of a run's report, each file whole. Nothing but the run is needed: no guest, no QEMU. */
export async function writeReports(
  loaded: LoadedRun,
  outDir: string,
  {claims}: {claims?: readonly Claim[]} = {},
): Promise<{files: string[]}> {
  const view = viewOf(loaded, outDir);
  const path = (name: string): string => join(outDir, name);
  await writeWhole(path('report.md'), `${renderMarkdown(view)}\n`);
  await writeChunks(path('index.html'), renderHtml(view, claims));
  await writeWhole(path('junit.xml'), renderJunit(loaded));
  await writeWhole(path('compat.json'), json(compatOf(loaded)));
  return {files: ['report.md', 'index.html', 'junit.xml', 'compat.json'].map(path)};
}

/** Writes the published compatibility table. It says nothing of the machine that it was made on. */
export async function writePublished(loaded: LoadedRun, dir: string): Promise<{files: string[]}> {
  const compat = compatOf(loaded);
  await writeWhole(join(dir, 'README.md'), published(compat));
  await writeWhole(join(dir, 'compat.json'), json(compat));
  return {files: [join(dir, 'README.md'), join(dir, 'compat.json')]};
}

function published(compat: Compat): string {
  const all = (field: 'vmm' | 'accel'): string =>
    [...new Set(compat.guests.flatMap((guest) => guest[field] || []))].join(', ') || 'unknown';
  return `# Compatibility

${markdownCompat(compat)}

Cases passed of cases not skipped, then what else happened. The words are those of the harness: pass, fail,
skip (a need is absent), known (a recorded deviation), broken (no verdict).

Written by the harness, not by hand: ${escapeMd(`memhp ${compat.memhp}, ${all('vmm')} (${all('accel')}), run of ${formatTime(compat.startedAt)}`)}.
The same as data, with every published fact: [compat.json](compat.json).
`;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
