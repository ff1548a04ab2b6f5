// Stands between memhp and a QEMU: relay.js QEMU ARGS… hands on what goes through the channels, until
// MEMHP_FAULTS_DIR/strike appears, which says what to do to them: {"cut": CHANNEL}, {"mute": [CHANNEL…]}, or {"say":
// QMP command}.
import {spawn} from 'node:child_process';
import {existsSync, fstatSync, readFileSync, watch, writeFileSync} from 'node:fs';
import {Socket} from 'node:net';
import {join} from 'node:path';

// As in lib/vmm/qemu/channels.ts: the channels from descriptor 3 on, then the device state and the directory of files.
const CHANNELS = ['monitor', 'serial', 'work', 'watch', 'serialwork', 'serialwatch'];
const [STATE, FILES] = [9, 10];

const {MEMHP_FAULTS_DIR: dir = ''} = process.env;
const [qemu = '', ...args] = process.argv.slice(2);

/** @param {number} fd @param {'isFile' | 'isDirectory'} kind */
const given = (fd, kind) => {
  try {
    return fstatSync(fd)[kind]() ? fd : 'ignore';
  } catch {
    return 'ignore';
  }
};

const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', qemu, ...args], {
  stdio: [
    'inherit',
    'inherit',
    'inherit',
    ...CHANNELS.map(() => /** @type {const} */ ('pipe')),
    given(STATE, 'isFile'),
    given(FILES, 'isDirectory'),
  ],
});
/** @type {Map<string, {ours: Socket, theirs: Socket}>} */
const lines = new Map();
for (const [i, name] of CHANNELS.entries()) {
  const ours = new Socket({fd: 3 + i, readable: true, writable: true});
  const theirs = /** @type {Socket} */ (child.stdio[3 + i]);
  ours.on('error', () => undefined);
  theirs.on('error', () => undefined);
  ours.pipe(theirs);
  theirs.pipe(ours);
  lines.set(name, {ours, theirs});
}
child.on('exit', (code, signal) => {
  if (signal) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});

/** @typedef {{cut?: string, mute?: string[], say?: object}} Fault */
/** @param {Fault} fault */
const strike = ({cut, mute = [], say}) => {
  if (cut !== undefined) lines.get(cut)?.ours.destroy();
  for (const name of mute) {
    const line = lines.get(name);
    line?.theirs.unpipe();
    line?.ours.unpipe();
    line?.theirs.resume();
    line?.ours.resume();
  }
  // without an id: memhp takes the answer for one to a command that was given up
  if (say) lines.get('monitor')?.theirs.write(`${JSON.stringify(say)}\n`);
  writeFileSync(join(dir, 'struck'), '');
};

if (!existsSync(join(dir, 'strike'))) {
  const watcher = watch(dir, (_kind, name) => {
    if (name !== 'strike') return;
    watcher.close();
    /** @type {unknown} */
    const fault = JSON.parse(readFileSync(join(dir, 'strike'), 'utf8'));
    strike(/** @type {Fault} */ (fault));
  });
}
