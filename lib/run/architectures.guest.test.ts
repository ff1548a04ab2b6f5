// Guests of other architectures than the host's: one with firmware and ACPI, one that is big-endian, without PCI.
import {mkdtempSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {readRecords} from '../results/store.ts';
import {root} from '../util/paths.ts';

const scratch = mkdtempSync(join(tmpdir(), 'memhp-test-'));
test.after.always('remove the scratch directory', () => rm(scratch, {recursive: true, force: true}));

const BOTH = ['plug/boot-size', 'plug/file-directions', 'online/zones-of-boot-memory'];

for (const [guest, cases, skipped] of [
  ['micro-13-arm64', [...BOTH, 'plug/no-guest-driver'], ['offline/mixed-zones']],
  ['micro-sid-s390x', BOTH, ['offline/mixed-zones', 'plug/creates-blocks']],
] as const) {
  test(`${guest}: what it has is as it should be, what it hasn't is skipped with a sentence`, async (t) => {
    t.timeout(15 * 60_000); // its kernel is fetched, and booted once
    const out = join(scratch, guest);
    const {exitCode, stdout, stderr} = await execa(
      process.execPath,
      [join(root, 'lib/cli/bin.js'), 'run', ...cases, ...skipped, '--guest', guest, '--out', out],
      {reject: false, stdin: 'ignore'},
    );
    t.is(exitCode, 0, `${stdout}\n${stderr}`);
    const records = await readRecords(out);
    const of = (wanted: string): string[] =>
      records.filter(({outcome}) => outcome === wanted).map((record) => record.case);
    t.deepEqual(of('pass').sort(), [...cases].sort());
    t.deepEqual(of('skip').sort(), [...skipped].sort());
    t.true(records.filter(({outcome}) => outcome === 'skip').every(({reason}) => reason.length > 10));
    t.deepEqual([...new Set(records.map(({cell}) => cell.arch))], [guest.split('-').at(-1)]);
  });
}
