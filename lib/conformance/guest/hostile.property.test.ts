// What cases read beside observations: each line is understood, or the case has no verdict.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {damaged} from '../../util/fixtures/damage.ts';
import {Broken, UsageError} from '../../util/errors.ts';
import {parseIsolated} from './isolated.ts';
import {readKnown} from '../verdict/known.ts';
import {parseUevents} from '../udev/uevents.ts';

const EVENTS = readFileSync(new URL('../fixtures/uevents.txt', import.meta.url), 'utf8');

test('uevents: of damaged text each line that is no heading is an event, or there is no verdict', (t) => {
  t.notThrows(() => {
    fc.assert(
      fc.property(damaged(fc.constant(EVENTS)), (text) => {
        let events;
        try {
          events = parseUevents(text);
        } catch (error) {
          if (!(error instanceof Broken)) throw error;
          return;
        }
        const lines = text.split('\n').filter((line) => line.includes('/devices/'));
        assert.deepEqual(
          events.map(({from, action, block}) => `${from} ${action} ${block}`),
          lines.map((line) =>
            line.replace(
              /^(\w+) *\[[\d.]+\] +(\w+) +\S*\/(memory\d+) \(memory\)$/,
              (_all, from: string, action: string, block: string) => `${from.toLowerCase()} ${action} ${block}`,
            ),
          ),
        );
      }),
      {numRuns: 300},
    );
  });
});

const INFO = `Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate
Node 0, zone      DMA            1            7            0            0            0
Node 0, zone  Movable            0           64            0            0            3
`;

test('pagetypeinfo: a line or a column that is lost is no answer', (t) => {
  t.throws(() => parseIsolated(INFO.replace(/ +3\n/, '\n')), {instanceOf: Broken, message: /not a zone's 5 counts/});
  t.throws(() => parseIsolated(INFO.replace('Node 0, zone  Movable', 'ode 0, zone  Movable')), {instanceOf: Broken});
  t.throws(() => parseIsolated(INFO.split('\n')[0] ?? ''), {instanceOf: Broken, message: /has no zones/});
  t.notThrows(() => {
    fc.assert(
      fc.property(damaged(fc.constant(INFO)), (text) => {
        try {
          parseIsolated(text);
        } catch (error) {
          if (!(error instanceof Broken)) throw error;
        }
      }),
      {numRuns: 300},
    );
  });
});

const KNOWN = `# comment
- id: one
  case: plug/x
  check: states of *
  kernel: '>=5.10 <6.13'
  actual: [Normal, {a: 1}]
  explanation: why
  link: docs/findings/x.md
`;

test('known.yaml: damaged, it is refused with its place, or a list of deviations', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(dir, {recursive: true}));
  const file = join(dir, 'known.yaml');
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(damaged(fc.constant(KNOWN)), async (text) => {
        await writeFile(file, text);
        const seen = await readKnown(file).catch((error: unknown) => error);
        if (seen instanceof Error) {
          assert.ok(seen instanceof UsageError, String(seen));
          for (const line of seen.message.split('\n')) assert.ok(/^.*known\.yaml:\d+:\d+: /.test(line), line);
        }
      }),
      {numRuns: 200},
    ),
  );
});
