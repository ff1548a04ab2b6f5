// A guest without virtio-serial ports is talked to over ssh: that it works, and that it falls silent.
import {mkdtempSync} from 'node:fs';
import {readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {subjectOf} from './guest.ts';
import type {Judgement} from '../../lib/conformance/verdict/outcome.ts';
import {execute} from '../../lib/conformance/runner/execute.ts';
import {verdict} from '../../lib/conformance/runner/run-case.ts';
import {clone} from '../../lib/machine/clone.ts';
import type {Template} from '../../lib/machine/template.ts';
import {readRecords} from '../../lib/results/store.ts';
import type {Shell} from '../../lib/shell/shell.ts';
import {root} from '../../lib/util/paths.ts';
import {loadSuites} from '../../lib/run/suites.ts';

const scratch = mkdtempSync(join(tmpdir(), 'memhp-test-'));
const cache = join(scratch, 'cache');
const manifest = join(scratch, 'noport.yaml');
test.before('a guest whose driver of the ports is gone', () =>
  writeFile(
    manifest,
    `name: noport
distro: debian
release: "12"
title: Debian 12 without virtio_console
arch: amd64
source:
  packages: {suite: bookworm, kernel: linux-image-amd64}
prepare: [modprobe -r virtio_console]
`,
  ),
);
test.after.always('remove the scratch directory', () => rm(scratch, {recursive: true, force: true}));

test('a guest without virtio-serial ports is talked to over ssh, also while a write waits', async (t) => {
  const out = join(scratch, 'out');
  const args = ['run', 'online/movable', 'offline/abort-by-signal-kill', '--guest', manifest, '--out', out];
  const {exitCode, stdout, stderr} = await execa(process.execPath, [join(root, 'lib/cli/bin.js'), ...args], {
    env: {MEMHP_CACHE: cache},
    reject: false,
    timeout: 900_000,
    stdin: 'ignore',
  });
  t.is(exitCode, 0, `${stdout}\n${stderr}`);
  for (const {evidence} of await readRecords(out)) {
    t.true((await readFile(join(out, evidence, 'commands.jsonl'), 'utf8')).includes('"shell":"ssh"'));
  }
});

/** Executes online/movable on a clone whose network goes down before its nth command, and counts the commands. */
async function silentAt(template: Template, moment: number): Promise<Judgement & {commands: number}> {
  const entry = (await loadSuites()).find(({id}) => id === 'online/movable');
  if (!entry) throw new Error('there is no case online/movable');
  let commands = 0;
  const open = async () => {
    const guest = await clone(template, {ms: 60_000});
    const counted = (shell: Shell): Shell => ({
      kind: shell.kind,
      close: () => {
        shell.close();
      },
      run: async (...args) => {
        if (commands++ === moment) await guest.vmm.qmp.hmp('set_link net off');
        return shell.run(...args);
      },
    });
    return {...guest, shell: counted(guest.shell), watch: counted(guest.watch)};
  };
  const execution = await execute(entry, {open, limits: {shellMs: 10_000, operationMs: 10_000}, ms: 240_000});
  return {...verdict(entry, execution, {kernel: template.facts.kernel, guest: 'noport', known: []}), commands};
}

test(
  'an ssh that falls silent leaves its case broken at the deadline, whenever it does, and the next ' + 'clone works',
  async (t) => {
    // as the run above has left it
    const {template} = await subjectOf({guest: manifest, mirror: undefined, cache, log: console.error});
    t.is(template.facts.shell, 'ssh');
    const {outcome, reason, commands} = await silentAt(template, Infinity);
    t.is(outcome, 'pass', reason);
    t.true(commands > 4, `${commands} commands`);
    for (const moment of [0, Math.floor(commands / 2), commands - 1]) {
      const silent = await silentAt(template, moment);
      t.is(silent.outcome, 'broken', `silent at command ${moment} of ${commands}: ${silent.reason}`);
      t.regex(silent.reason, /over ssh to: .*not within 10\.0 s/s);
    }
    t.is((await silentAt(template, Infinity)).outcome, 'pass');
    const left = await execa('pgrep', ['-af', `^[^ ]*qemu-system.*${scratch}`], {reject: false});
    t.is(left.stdout, '');
  },
);
