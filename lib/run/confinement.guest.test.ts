// A guest that wants out: what is between it and the host, tried from inside, as root of the guest.
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {mkdtemp, readdir, rm, stat, writeFile} from 'node:fs/promises';
import {type AddressInfo, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {ensureImage} from '../image/ensure.ts';

import {defaultGuest, loadManifest} from '../image/manifest.ts';
import {clone, type Clone} from '../machine/clone.ts';
import {profileByName} from '../machine/profile.ts';
import {ensureTemplate, type Template} from '../machine/template.ts';
import {hostFor} from '../machine/host.ts';
import {cacheDir} from '../util/paths.ts';
import {library, serve, warmUp} from './guest-script.ts';

let template: Template;
let guest: Clone;
test.before('a clone of the default guest', async () => {
  const cache = cacheDir();
  const image = await ensureImage(await loadManifest(defaultGuest()), {cache, serve, log: console.error});
  const {qemu, decision} = await hostFor(image, {cache, log: console.error});
  const {accel} = decision;
  template = await ensureTemplate(
    {image, profile: profileByName('q35'), accel, qemu: qemu.version, append: ''},
    {cache, qemu, log: console.error, bootMs: 240_000, serve, library, warmUp},
  );
  guest = await clone(template, {ms: 60_000});
});
test.after.always('ends the clone', () => (guest as Clone | undefined)?.close());

/** Connects from a guest by bash's /dev/tcp, with a route to everywhere that root of the guest gives itself. */
async function reach(
  host: string,
  port: number,
  kind = 'tcp',
  {shell} = guest,
): Promise<{status: number; stderr: string}> {
  const script = `ip route replace default via 10.0.2.2
    timeout 5 bash -c 'exec 3<>/dev/${kind}/${host}/${port} && echo hello >&3 && read -r -t 3 -u 3 answer'`;
  return shell.run(script, 60_000);
}

/** Services of the host, on all of its addresses, and what has come in there. */
async function services(t: ExecutionContext): Promise<{tcp: number; udp: number; seen: string[]}> {
  const seen: string[] = [];
  const tcp = createServer((socket) => {
    seen.push('tcp');
    socket.on('error', () => undefined).end('welcome\n');
  }).listen(0, '0.0.0.0');
  const udp = createSocket('udp4', () => seen.push('udp')).bind(0, '0.0.0.0');
  await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
  t.teardown(() => {
    tcp.close();
    udp.close();
  });
  return {tcp: (tcp.address() as AddressInfo).port, udp: udp.address().port, seen};
}

test(
  'the guest reaches no service of the host, neither by TCP nor by UDP, and the host sees ' + 'nothing of it',
  async (t) => {
    const {tcp, udp, seen} = await services(t);
    for (const host of ['10.0.2.2', '10.0.2.3', '127.0.0.1']) {
      t.not((await reach(host, tcp)).status, 0, `tcp ${host}`);
      t.not((await reach(host, udp, 'udp')).status, 0, `udp ${host}`);
    }
    t.deepEqual(seen, []);
  },
);

test('the same attempts get through where QEMU does not restrict the network', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'memhp-open-'));
  t.teardown(() => rm(dir, {recursive: true}));
  const path = join(dir, 'qemu');
  await writeFile(
    path,
    `#!/bin/sh
for word; do shift; case $word in user,*restrict=on*) word="\${word%restrict=on*}restrict=off\${word#*restrict=on}" ;; esac; set -- "$@" "$word"; done
exec ${template.qemu.path} "$@"
`,
    {mode: 0o755},
  );
  const open = await clone({...template, qemu: {...template.qemu, path}}, {ms: 60_000});
  t.teardown(() => open.close());
  const {tcp, udp, seen} = await services(t);
  t.is((await reach('10.0.2.2', tcp, 'tcp', open)).status, 0);
  await reach('10.0.2.2', udp, 'udp', open); // nobody answers it
  t.deepEqual(seen, ['tcp', 'udp']);
});

test('the guest reaches nothing outside, and no name server', async (t) => {
  for (const [host, port, kind] of [
    ['192.0.2.1', 80, 'tcp'],
    ['1.1.1.1', 443, 'tcp'],
    ['10.0.2.3', 53, 'udp'],
    ['10.0.2.3', 53, 'tcp'],
    ['10.0.2.4', 139, 'tcp'],
  ] as const) {
    t.not((await reach(host, port, kind)).status, 0, `${kind} ${host}:${port}`);
  }
});

test("the guest's QEMU has no capability, gains none, and runs under a seccomp filter", async (t) => {
  const status = await guest.hostFile('status');
  t.regex(status, /^CapEff:\s*0+$/m);
  t.regex(status, /^CapPrm:\s*0+$/m);
  t.regex(status, /^NoNewPrivs:\s*1$/m);
  t.regex(status, /^Seccomp:\s*2$/m);
});

test("keys are their owner's alone, and so is the directory that a frozen guest lies in", async (t) => {
  const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  t.is(await mode(template.dir), 0o700);
  for (const name of await readdir(template.dir)) {
    if (name.includes('key') || name === 'state') t.is(await mode(join(template.dir, name)), 0o600, name);
    t.false((await stat(join(template.dir, name))).isSocket(), name);
  }
});

test('QEMU does not ask a clone to announce itself on its network', async (t) => {
  const {stdout} = await guest.shell.run('grep -- -config /proc/interrupts', 60_000);
  const counts = stdout
    .trim()
    .split('\n')
    .map((line) => Number(/^ *\d+: +(\d+) /.exec(line)?.[1]));
  // a request would be one of these interrupts: three to five of them by the first command
  t.true(counts.length >= 2, stdout);
  t.deepEqual(
    counts,
    counts.map(() => 0),
    stdout,
  );
});
