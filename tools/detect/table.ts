import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Document, parse} from 'yaml';
import {z} from 'zod';
import {UsageError} from '../../lib/util/errors.ts';
import {writeWhole} from '../../lib/util/files.ts';
import {root} from '../../lib/util/paths.ts';
import type {Detected} from './detect.ts';

/** A check that was seen to fail: the fault, where it was injected, and into which part of the answer. */
const seen = z.strictObject({
  check: z.string(),
  fault: z.string(),
  at: z.string(),
  about: z.string().default(''),
  lasting: z.boolean().default(false),
});
/** A check that no fault of the catalogue detects, and how else it was seen to fail, or why it can't be. */
const undetected = z.strictObject({check: z.string(), reason: z.string()});
/**
 * One case: the guest whose record was replayed with something wrong in it, and its own checks. `never`: why no guest
 * here runs it.
 */
const row = z.strictObject({
  guest: z.string().default(''),
  detected: z.array(seen).default([]),
  undetected: z.array(undetected).default([]),
  never: z.string().optional(),
});

export type Row = z.infer<typeof row>;
/** Rows by case id. */
export type DetectionTable = ReadonlyMap<string, Row>;

export const TABLE = join(root, 'tools', 'detect', 'detected.yaml');

const HEAD = `# Each case's own checks, and the wrong answer of the guest or of QEMU under which each was seen to fail:
# the fault (tools/replay, docs/fault-detection.md), the answer that it was injected into, and what of it.
# Written by \`npm run detect -- RUNDIR\`; only what stands under \`reason\` and \`never\` is written by hand. \`npm test\` replays every line.
`;

/** Reads tools/detect/detected.yaml. Throws UsageError where it is malformed. */
export async function readTable(file = TABLE): Promise<DetectionTable> {
  const parsed = z.record(z.string(), row).safeParse(parse(await readFile(file, 'utf8')) ?? {});
  if (!parsed.success) throw new UsageError(`${file}: ${z.prettifyError(parsed.error)}`);
  return new Map(Object.entries(parsed.data));
}

export async function writeTable(table: DetectionTable, file = TABLE): Promise<void> {
  const doc = new Document({});
  const lines = (entries: readonly object[]): unknown =>
    doc.createNode(entries.map((entry) => doc.createNode(entry, {flow: true})));
  for (const [id, {guest, detected, undetected, never}] of [...table].sort(([a], [b]) => (a < b ? -1 : 1))) {
    doc.set(
      id,
      doc.createNode(
        never !== undefined
          ? {never}
          : {
              guest,
              detected: lines(
                detected.map(({about, lasting, ...rest}) => ({
                  ...rest,
                  ...(about ? {about} : {}),
                  ...(lasting ? {lasting} : {}),
                })),
              ),
              ...(undetected.length > 0 ? {undetected: lines(undetected)} : {}),
            },
      ),
    );
  }
  await writeWhole(file, HEAD + doc.toString({lineWidth: 0, flowCollectionPadding: false}));
}

/** A row from what was found; reasons of checks that were undetected before are kept. */
export const rowOf = (
  guest: string,
  found: {detected: readonly Detected[]; undetected: readonly string[]},
  before: Row | undefined,
): Row => ({
  guest,
  detected: found.detected.map(({check, fault, at, about, lasting}) => ({check, fault, at, about, lasting})),
  undetected: found.undetected.map((check) => ({
    check,
    reason: before?.undetected.find((one) => one.check === check)?.reason ?? '',
  })),
});
