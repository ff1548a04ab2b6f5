// `npm run test:kvm`: cases under KVM on a machine that has none, in a guest on an emulated CPU with SVM (docs/kvm.md).
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {ensureImage} from '../../lib/image/ensure.ts';

import {loadManifest} from '../../lib/image/manifest.ts';
import {hostFor} from '../../lib/machine/host.ts';
import {loadRun} from '../../lib/results/store.ts';
import {summarize} from '../../lib/results/summary.ts';
import {Broken, messageOf} from '../../lib/util/errors.ts';
import {cacheDir, root} from '../../lib/util/paths.ts';
import {shellQuote} from '../../lib/util/text.ts';
import {packCheckout} from './checkout.ts';
import {bootOuter, type Outer} from './outer.ts';
import {faultsOf} from './verdict.ts';

const SUITES = ['online', 'offline', 'unplug'];
/** One case to see what `--accel auto` chooses. */
const ONE = 'online/movable';
const HOUR = 3_600_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(0)} s`;
const log = (line: string): void => void process.stderr.write(`memhp: ${line}\n`);

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    out: {type: 'string'},
    mirror: {type: 'string'},
    qemu: {type: 'string'},
    one: {type: 'string', default: ONE},
  },
});
const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => {
    controller.abort(new Broken(`interrupted by ${name}`));
  });
const interrupted = new Promise<never>((_resolve, reject) => {
  controller.signal.addEventListener('abort', () => {
    reject(controller.signal.reason as Broken);
  });
});
interrupted.catch(() => undefined); // whoever waits for something races with it

try {
  process.exitCode = await testKvm(positionals.length > 0 ? positionals : SUITES);
} catch (error) {
  log(messageOf(error));
  process.exitCode = 3;
}

/** 0 where everything passed under KVM, 1 where it didn't. */
async function testKvm(suites: readonly string[]): Promise<0 | 1> {
  const {signal} = controller;
  const out = resolve(
    values.out ?? join('memhp-runs', `kvm-${new Date().toISOString().replaceAll(/[:.]/g, '-').slice(0, 19)}`),
  );
  await mkdir(out, {recursive: true});
  const options = {cache: cacheDir(), log, signal};
  const image = await ensureImage(await loadManifest(join(root, 'tools/nested/guest.yaml')), {
    ...options,
    mirror: values.mirror,
  });
  const {qemu, decision: here} = await hostFor(image, {...options, qemu: values.qemu});
  const work = await mkdtemp(join(tmpdir(), 'memhp-kvm-'));
  let outer: Outer | undefined;
  try {
    const checkout = join(work, 'checkout.tar');
    await packCheckout(checkout, signal);
    const started = Date.now();
    log(`booting the guest that KVM is tried in; its console: ${join(out, 'console.log')}`);
    outer = await bootOuter({image, qemu, work, checkout, consoleFile: join(out, 'console.log'), signal});
    log(`it is up after ${seconds(started)}`);
    await inside(
      outer,
      'modprobe kvm_amd && mkdir /root/memhp /root/runs && tar -xf /dev/disk/by-id/virtio-checkout -C /root/memhp',
      'unpack memhp',
    );
    await memhp(outer, `run ${values.one} --accel auto`, 'auto');
    await memhp(outer, `run ${suites.map(shellQuote).join(' ')} --accel kvm`, 'kvm');
    await outer.take('/root/runs', out);
  } finally {
    await outer?.close();
    await rm(work, {recursive: true, force: true});
  }
  const [auto, kvm] = [await loadRun(join(out, 'auto')), await loadRun(join(out, 'kvm'))];
  const {counts} = summarize(kvm);
  say(
    `\nunder KVM: ${Object.entries(counts)
      .map(([outcome, n]) => `${n} ${outcome}`)
      .join(', ')}; records and report in ${out}`,
  );
  say(`--accel auto in there: ${auto.records[0]?.cell.accel ?? 'nothing'}: ${auto.run.host.accelReason}`);
  say(`--accel auto out here: ${here.accel}: ${here.reason}`);
  const faults = [...faultsOf('--accel auto', auto), ...faultsOf('--accel kvm', kvm)];
  for (const fault of faults) say(`not as it should be: ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

/** Runs memhp in the guest, on its own kernel as a micro guest. Its progress goes to the console. */
async function memhp(outer: Outer, command: string, name: string): Promise<void> {
  const started = Date.now();
  log(`in the guest: memhp ${command}`);
  const kernel = '--kernel /boot/vmlinuz-$(uname -r) --modules /lib/modules';
  const said = await inside(
    outer,
    `cd /root/memhp && node lib/cli/bin.js ${command} ${kernel} --jobs 1 --boot-timeout 900 --patience 10 ` +
      `--out /root/runs/${name} 2>/dev/console; s=$?; [ $s -le 1 ] || [ $s = 3 ]`,
    `memhp ${command}`,
  );
  say(said.trimEnd());
  log(`that took ${seconds(started)}`);
}

async function inside(outer: Outer, script: string, what: string): Promise<string> {
  const {status, stdout, stderr} = await Promise.race([outer.shell.run(script, 3 * HOUR), interrupted]);
  if (status !== 0) throw new Broken(`in the guest "${what}" ended with status ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}
