import {readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {z} from 'zod';
import type {QemuProcess} from '../vmm/qemu/process.ts';
import {PortShell} from '../shell/port.ts';
import type {Shell} from '../shell/shell.ts';
import {SshShell} from '../shell/ssh.ts';
import {Broken} from '../util/errors.ts';
import {clean, lastLines, shellQuote} from '../util/text.ts';
import type {BootConfig} from './commandline.ts';
import {refuseSecondUdevd} from './slow-boot.ts';
import type {Keys} from './keys.ts';

/** What a guest is, read once before it is frozen. */
export const guestFacts = z.object({
  /** `uname -r`. */
  kernel: z.string(),
  /** PRETTY_NAME of os-release; empty where there is none. */
  os: z.string(),
  /** Options of the kernel's config that have to do with memory; null where the guest has no copy of it. */
  config: z.record(z.string(), z.string()).nullable(),
  /** Those of them that the config says are not set; one that is in neither the config doesn't name. */
  unset: z.array(z.string()).optional(),
  /** Bytes of a base page; absent where the guest didn't say. */
  page: z.number().int().positive().optional(),
  /** The NUMA nodes that its kernel can have, as a mask: `0-1`; absent where it wasn't asked, or has none. */
  nodes: z.string().optional(),
  /** Which of the commands that cases may need are there. */
  commands: z.array(z.string()),
  /** How clones are talked to. */
  shell: z.enum(['virtio', 'serial', 'ssh']),
});
export type GuestFacts = z.infer<typeof guestFacts>;

/** Commands that a case can name as a need. */
export const COMMANDS = ['bash', 'perl', 'udevadm', 'timeout', 'sha256sum', 'systemctl', 'lsmem', 'taskset'];
/**
 * The options of the kernel's config that are kept: those that cases and devices may ask for. One that isn't among them would be taken to
 * be absent, so a test holds every need to it. Who adds a word here raises FORMAT in template.ts: facts are in the cache.
 */
export const CONFIG_OF_INTEREST = new RegExp(
  `^CONFIG_(?=.*(?:${[
    'MEMORY',
    'MHP',
    'NUMA',
    'HOTPLUG',
    'VIRTIO',
    'BALLOON',
    'HUGE',
    'CMA',
    'CRASH',
    'ZONE',
    'SPARSEMEM',
    'MIGRAT',
    'NOTIFIER',
    'PAGE_OWNER',
    'IO_URING',
    'KPROBE',
    'CPUSETS',
    'DAX',
    'KMEM',
    'PMEM',
    'NVDIMM',
    'KEXEC',
    'SUSPEND',
    'HIBERNAT',
    'FAIL_PAGE_ALLOC',
    'FAILSLAB',
    'FIRMWARE_MEMMAP',
    'FAULT_INJECTION',
  ].join('|')}))\\w+$`,
);

/**
 * Waits until the boot is over: services started, and no device still waiting for its driver. A guest frozen before
 * that goes on loading drivers in every clone, and resources appear in /proc/iomem in the middle of a case.
 */
const SETTLE = `
if command -v systemctl >/dev/null; then systemctl is-system-running --wait; fi
if command -v udevadm >/dev/null; then udevadm settle --timeout=600; fi`;

/**
 * Waits until the guest has nothing to do any more: a second in which its CPUs were idle for 97 % of the time, or, since
 * looking takes longer where the host is busy, as many as five. A guest frozen before that ends memhp's own login and
 * its boot in every clone, while the case measures. One that is not quiet within a minute is frozen as it is.
 */
const QUIET = `
now() {
  read -r up idle </proc/uptime
  up=\${up%.*}\${up#*.} idle=\${idle%.*}\${idle#*.}
  idle=\${idle#0} idle=\${idle#0} # a number with a zero before it would be octal
}
if command -v systemctl; then systemctl stop user@0.service; fi >/dev/null 2>&1
left=60 seconds=1 cpus=$(nproc)
while [ $left -gt 0 ]; do
  now; before=$up was=$idle
  sleep $seconds; now
  if [ $(((idle - was) * 100)) -ge $(((up - before) * 97 * cpus)) ]; then break; fi
  left=$((left - seconds))
  if [ $seconds -lt 5 ]; then seconds=$((seconds + 1)); fi
done`;

const FACTS_SCRIPT = `
echo "kernel=$(uname -r)"
[ ! -r /sys/devices/system/node/possible ] || echo "nodes=$(cat /sys/devices/system/node/possible)"
if [ -r /etc/os-release ]; then . /etc/os-release; fi
echo "os=$PRETTY_NAME"
page=$(grep -m1 ^KernelPageSize: /proc/self/smaps) && page=\${page#*:} && echo "page=\$((\${page%kB} * 1024))"
for c in ${COMMANDS.join(' ')}; do
  if [ $c = systemctl ] && [ ! -d /run/systemd/system ]; then continue; fi # without the services that it asks
  command -v $c >/dev/null && echo "command=$c"
done
{ zcat /proc/config.gz || cat /boot/config-$(uname -r); } 2>/dev/null
true`;

interface BringUpOptions {
  readonly ms: number;
  readonly keys: Keys | undefined;
  readonly signal: AbortSignal | undefined;
  readonly serve: string;
  readonly library: string;
  readonly warmUp: string;
}

/** Loads the functions that observations call into an ssh shell. */
export const PRELUDE = '. /run/memhp/library';

/** From a QEMU that has just started to a guest whose shell is ready to be frozen. */
export async function bringUp(vm: QemuProcess, config: BootConfig, options: BringUpOptions): Promise<GuestFacts> {
  const work = (async (): Promise<GuestFacts> => {
    if (config.image.login.how === 'init' || config.udevdAlone === true) return await initIsUp(vm, options);
    const ssh = await connect(vm, options);
    try {
      await succeed(ssh, SETTLE, options.ms);
      if (config.accel === 'tcg') await refuseSecondUdevd(ssh, options.ms);
      for (const command of config.image.prepare) await succeed(ssh, command, options.ms);
      const ports = await startServing(ssh, options);
      ssh.prelude = PRELUDE;
      await succeed(ssh, 'sync', options.ms);
      if (ports) {
        ssh.close(); // the login ends before the guest is frozen
        return await portsAreUp(vm, 'virtio', options);
      }
      return await isUp(ssh, 'ssh', options);
    } finally {
      ssh.close();
    }
  })();
  const aborted = new Promise<never>((_resolve, reject) => {
    options.signal?.addEventListener(
      'abort',
      () => {
        reject(new Broken('interrupted'));
      },
      {once: true},
    );
  });
  return Promise.race([work, vm.console.panic, vm.gone, aborted]);
}

async function connect(vm: QemuProcess, {ms, keys, signal}: BringUpOptions): Promise<SshShell> {
  if (!keys) throw new Broken('a guest that is brought up over ssh needs keys');
  const forward = await forwardedPort(vm);
  const [privateKey, hostKey] = await Promise.all([
    readFile(join(dirname(keys.hostKey), 'client_key'), 'utf8'),
    readFile(`${keys.hostKey}.pub`, 'utf8'),
  ]);
  return SshShell.connect({port: forward, privateKey, hostKey}, ms, signal);
}

/** The loopback port that QEMU chose for the guest's sshd. */
export async function forwardedPort(vm: QemuProcess): Promise<number> {
  const text = await vm.qmp.hmp('info usernet');
  const port = /HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(text)?.[1];
  if (!port) throw new Broken(`QEMU names no forwarded port in "info usernet": ${text}`);
  return Number(port);
}

/** Installs and starts the serving loops; false where the guest has no virtio-serial port. */
async function startServing(ssh: Shell, {serve, library, ms}: BringUpOptions): Promise<boolean> {
  const {stdout} = await succeed(
    ssh,
    `
    mkdir -p /run/memhp && printf %s ${shellQuote(serve)} >/run/memhp/serve && printf %s ${shellQuote(library)} >/run/memhp/library
    for port in /dev/virtio-ports/memhp.0 /dev/virtio-ports/memhp.1; do
      if [ -c $port ]; then setsid sh /run/memhp/serve $port </dev/null >/dev/null 2>&1 & echo serving; fi
    done`,
    ms,
  );
  return stdout.includes('serving');
}

/** A micro guest says on the console on which ports its init serves the shells (lib/image/sources/micro/root). */
async function initIsUp(vm: QemuProcess, options: BringUpOptions): Promise<GuestFacts> {
  const [, port = ''] = await vm.console.waitFor(
    /memhp: shell 0 on (\S+)/,
    "the line of the micro guest's init that names its shell port",
    options.ms,
    {gone: vm.gone, signal: options.signal},
  );
  return portsAreUp(vm, port.startsWith('/dev/ttyS') ? 'serial' : 'virtio', options);
}

/** Waits for the loops on both ports: clones wake up in exactly this state. */
async function portsAreUp(vm: QemuProcess, kind: 'virtio' | 'serial', options: BringUpOptions): Promise<GuestFacts> {
  const [work, watch] = [new PortShell(vm.ports[kind][0]), new PortShell(vm.ports[kind][1])];
  await succeed(watch, 'true', options.ms);
  return isUp(work, kind, options);
}

/** Does once what clones do first, asks what the guest is, and waits until it is quiet. */
async function isUp(shell: Shell, kind: GuestFacts['shell'], {warmUp, ms}: BringUpOptions): Promise<GuestFacts> {
  await succeed(shell, warmUp, ms, 'here');
  const facts = await readFacts(shell, ms);
  await succeed(shell, QUIET, ms);
  return {...facts, shell: kind};
}

async function readFacts(shell: Shell, ms: number): Promise<Omit<GuestFacts, 'shell'>> {
  const {stdout} = await succeed(shell, FACTS_SCRIPT, ms);
  const pairs = clean(stdout)
    .split('\n')
    .flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
    });
  const first = (name: string): string => pairs.find(([key]) => key === name)?.[1] ?? '';
  const kernel = first('kernel');
  // Cases are chosen by it: one that is missing would be older than all others.
  if (!/^\d+\.\d+[\w.+~:-]{0,60}$/.test(kernel))
    throw new Broken(`uname -r of the guest is no kernel release: "${kernel.slice(0, 100)}"`);
  const page = Number(first('page'));
  if (first('page') !== '' && ![4, 16, 64].includes(page / 1024))
    throw new Broken(`the guest's base page has "${first('page').slice(0, 100)}" bytes, wanted 4, 16 or 64 KiB`);
  const nodes = first('nodes');
  if (!/^(?:\d+(?:[-,]\d+)*)?$/.test(nodes))
    throw new Broken(`the guest's possible nodes are "${nodes.slice(0, 100)}", which is no mask`);
  const config = pairs.filter(([key]) => CONFIG_OF_INTEREST.test(key));
  return {
    kernel,
    os: first('os'),
    ...(page > 0 ? {page} : {}),
    ...(nodes !== '' ? {nodes} : {}),
    config: config.length > 0 ? Object.fromEntries(config) : null,
    ...(config.length > 0 ? {unset: unsetIn(stdout)} : {}),
    commands: pairs.filter(([key]) => key === 'command').map(([, value]) => value),
  };
}

/** Options of interest that a config says are not set. */
const unsetIn = (text: string): string[] =>
  [...clean(text).matchAll(/^# (CONFIG_\w+) is not set$/gm)].flatMap(([, name = '']) =>
    CONFIG_OF_INTEREST.test(name) ? [name] : [],
  );

async function succeed(shell: Shell, script: string, ms: number, where?: 'here'): Promise<{stdout: string}> {
  const result = await shell.run(script, ms, where);
  if (result.status !== 0) {
    const said = lastLines(clean(`${result.stdout}\n${result.stderr}`), 10);
    throw new Broken(`in the guest "${script.trim().slice(0, 120)}" ended with status ${result.status}: ${said}`);
  }
  return result;
}
