import {z} from 'zod';
import {ask} from '../../vmm/qemu/qmp/ask.ts';
import type {QmpEvent} from '../../vmm/qemu/qmp/events.ts';
import {Broken} from '../../util/errors.ts';
import type {CaseGuest} from './guest.ts';

/**
 * QEMU's `query-hotpluggable-cpus`: places for CPUs, with the QOM path of the one that is there. Source:
 * qapi/machine.json.
 */
const places = z.array(
  z.looseObject({
    type: z.string(),
    'vcpus-count': z.int(),
    props: z.record(z.string(), z.int()),
    'qom-path': z.string().optional(),
  }),
);

/** A CPU that was plugged: cpu1 in the guest, where CPU 0 was there before. */
export const PLUGGED_CPU = 'cpu1';

const DIRECTORY = `/sys/devices/system/cpu/${PLUGGED_CPU}`;

/**
 * Has the guest kept room for another CPU at boot? Linux takes TCG for hardware, on which 6.12 keeps none (6.1 does):
 * it then refuses what is plugged. Source: /sys/devices/system/cpu/possible.
 */
export async function hasRoomForCpu(guest: CaseGuest): Promise<boolean> {
  return (await cpusNow(guest)).possible !== '0';
}

/**
 * Plugs a CPU into the one place that is free, and waits until the guest has answered and its rules have run. A step.
 */
export function plugCpu(guest: CaseGuest): Promise<void> {
  return guest.step('plug a CPU', async () => {
    const free = (await ask(guest.qmp, 'query-hotpluggable-cpus', places)).filter(
      (place) => place['qom-path'] === undefined,
    );
    const [place] = free;
    if (!place || free.length !== 1) throw new Broken(`QEMU has ${free.length} places for another CPU; one is wanted`);
    guest.session.others.add(PLUGGED_CPU);
    const mark = guest.qmp.events.mark();
    await guest.qmp.execute('device_add', {driver: place.type, id: PLUGGED_CPU, ...place.props});
    await guest.qmp.events.next(
      mark,
      `ACPI_DEVICE_OST for the plug of ${PLUGGED_CPU}`,
      isAnswer,
      guest.session.limits.operationMs,
    );
    await guest.sh('udevadm settle');
  });
}

/** Brings the plugged CPU online, if it is there and nobody else has. A step. */
export async function onlineCpu(guest: CaseGuest): Promise<void> {
  await guest.step('online the CPU', () => guest.sh(setOnline(1)));
}

/**
 * Takes the plugged CPU offline, if it is there. A step. It stays in its socket: a QEMU that runs all CPUs in one
 * thread, as memhp's do under TCG, aborts when one is unplugged (docs/findings/cpu-unplug-ends-qemu.md).
 */
export async function offlineCpu(guest: CaseGuest): Promise<void> {
  await guest.step('offline the CPU', () => guest.sh(setOnline(0)));
}

const setOnline = (to: 0 | 1): string =>
  `f=${DIRECTORY}/online; [ ! -e $f ] || [ "$(cat $f)" = ${to} ] || echo ${to} >$f`;

/** Is it the guest's answer to the plug of the CPU? */
function isAnswer({event, data: {info}}: QmpEvent): boolean {
  return (
    event === 'ACPI_DEVICE_OST' &&
    typeof info === 'object' &&
    info !== null &&
    'device' in info &&
    info.device === PLUGGED_CPU &&
    'source' in info &&
    info.source === 1 // a device check (ACPI 6.5 §6.3.5)
  );
}

/** What the guest says of its CPUs. */
export interface Cpus {
  /** Those online: `0-1`. */
  readonly online: string;
  /** Those that are there: `0-1`. */
  readonly present: string;
  /** Those that could be there: decided at boot. */
  readonly possible: string;
  /** Those of node 0 that are online. */
  readonly node: string;
}

/** Reads it now. */
export async function cpusNow(guest: CaseGuest): Promise<Cpus> {
  const read = async (file: string): Promise<string> =>
    (await guest.read(`/sys/devices/system/${file}`)) ?? 'not readable';
  return {
    online: await read('cpu/online'),
    present: await read('cpu/present'),
    possible: await read('cpu/possible'),
    node: await read('node/node0/cpulist'),
  };
}

/**
 * Writes text of that many MiB to a tmpfs from a process that runs on one CPU alone, so that the CPU's own lists hold
 * pages of it. Returns whether it reads back.
 */
export async function fillFrom(guest: CaseGuest, cpu: number, mib: number): Promise<boolean> {
  const path = `/run/memhp.cpu${cpu}`;
  const said = await guest.step(`write ${mib} MiB to a tmpfs on CPU ${cpu}`, () =>
    guest.sh(`
    mkdir -p ${path} && mount -t tmpfs none ${path}
    taskset -c ${cpu} sh -c 'yes memhp | head -c ${mib}M >${path}/file'
    taskset -c ${cpu} sh -c 'yes memhp | head -c ${mib}M | cmp -s - ${path}/file' && echo intact || echo lost`),
  );
  return said.trim() === 'intact';
}
