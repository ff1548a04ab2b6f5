import {cpus} from 'node:os';
import {z} from 'zod';
import {subjectOf, withClone, type Subject} from '../bench/guest.ts';
import {readRules} from '../../lib/conformance/udev/reading.ts';
import type {Clone} from '../../lib/machine/clone.ts';
import {Broken} from '../../lib/util/errors.ts';
import type {Log} from '../../lib/util/log.ts';
import {clean, lastLines} from '../../lib/util/text.ts';
import type {Policy} from '../../lib/udev/guest.ts';

/** A rule file, where it is or is put. */
export interface RuleText {
  readonly path: string;
  /** One character a byte. */
  readonly text: string;
}

/** What a prediction needs to know of a guest, as it is kept beside what the guest told. */
export const known = z.object({
  name: z.string(),
  /** Of the frozen guest: another one has another key. */
  key: z.string(),
  /** What it ran on: `2 cores, TCG, QEMU 7.2.22`. */
  machine: z.string(),
  /** The rule files that it has of its own. */
  rules: z.array(z.object({path: z.string(), text: z.string()})),
  where: z.object({
    virt: z.string(),
    arch: z.string(),
    systemd: z.number(),
    kernel: z.string(),
    dmi: z.record(z.string(), z.string()),
  }),
});
export type Known = Readonly<z.infer<typeof known>>;

/** A guest in which rules are tried. */
export interface Place extends Known {
  readonly subject: Subject;
}

/** Runs a script in a clone; throws Broken where it fails. */
export async function sh({shell}: Pick<Clone, 'shell'>, script: string, ms: number): Promise<string> {
  const {status, stdout, stderr} = await shell.run(script, ms);
  if (status !== 0)
    throw new Broken(
      `in the guest "${script.trim().slice(0, 120)}" ended with status ${status}: ` +
        lastLines(clean(stdout + stderr, 2000), 5),
    );
  return stdout;
}

/** Brings a guest up, or takes it from the cache, and reads once what it is. */
export async function placeOf(name: string, {cache, log}: {cache: string; log: Log}): Promise<Place> {
  const subject = await subjectOf({guest: name, cache, mirror: undefined, log});
  return await withClone(subject.template, subject.ms, async (guest) => {
    const ask = (script: string): Promise<string> => sh(guest, script, subject.ms);
    const {found, machine, systemd} = await readRules({sh: ask});
    const dmi = await ask(
      'cd /sys/class/dmi/id && grep -s "" sys_vendor product_name product_version board_vendor bios_vendor ' +
        'chassis_vendor; true',
    );
    const {
      config: {accel},
      options: {qemu},
      template,
    } = subject;
    return {
      name,
      subject,
      key: template.key,
      machine: `${cpus().length} cores, ${accel.toUpperCase()}, QEMU ${qemu.version}`,
      rules: found.map(({path, bytes}) => ({path, text: bytes.toString('latin1')})),
      where: {
        ...machine,
        systemd,
        kernel: template.facts.kernel,
        dmi: Object.fromEntries([...dmi.matchAll(/^(\w+):(.*)$/gm)].map(([, key = '', value = '']) => [key, value])),
      },
    };
  });
}

/** The policies that rules are tried under. */
export const POLICIES = ['offline', 'online'] as const satisfies readonly Policy[];
export type Tried = (typeof POLICIES)[number];
