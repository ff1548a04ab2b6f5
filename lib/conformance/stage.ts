import {appendFileSync} from 'node:fs';
import type {BlockView} from '../guest/blocks.ts';
import {observe, type Observation} from '../guest/observation.ts';
import {isPlugReport, ostOf} from '../hotplug/ost.ts';
import type {Clone} from '../machine/clone.ts';
import type {BlockSeen, Step} from '../results/record.ts';
import type {Checks} from './checks.ts';
import {compareAll} from './invariants.ts';
import {blocksOf} from './ledger.ts';

export interface Limits {
  /** One answer of the guest's shell. */
  readonly shellMs: number;
  /** One operation: a plug, an unplug, an online or offline write. */
  readonly operationMs: number;
}

/** The stage of a case: the clone, the steps taken on it, and an observation with the invariants after each. */
export class Stage {
  readonly clone: Clone;
  readonly checks: Checks;
  readonly limits: Limits;
  readonly steps: Step[] = [];
  /** Comparisons made and not violated. */
  held = 0;
  violated = 0;
  /** Has anything been done in the guest since the last look? */
  touched = false;
  #first: Observation | undefined;
  #last: Observation | undefined;
  readonly #startedAt = Date.now();
  readonly #observations: string | undefined;
  /** Devices cold-plugged or otherwise taken without a report. */
  readonly #cold = new Set<string>();

  constructor(clone: Clone, checks: Checks, limits: Limits, observationsFile?: string) {
    this.clone = clone;
    this.checks = checks;
    this.limits = limits;
    this.#observations = observationsFile;
  }

  /** The clone as it woke up. */
  get first(): Observation {
    if (!this.#first) throw new Error('the stage is observed before the case begins');
    return this.#first;
  }

  get last(): Observation {
    return this.#last ?? this.first;
  }

  /** Takes the observation that all later ones are compared with. */
  async begin(): Promise<void> {
    await this.step('the guest as it woke up', () => Promise.resolve());
  }

  /** Does one thing to the guest, then looks at everything and compares. */
  async step<T>(title: string, action: () => Promise<T>): Promise<T> {
    const startedAt = Date.now();
    this.checks.step = title;
    const result = await action();
    await this.look(title, startedAt);
    return result;
  }

  /** Observes and compares without doing anything. */
  async look(title: string, startedAt = Date.now()): Promise<Observation> {
    const now = await observe(this.clone.vm.qmp, this.clone.shell, this.limits.shellMs);
    if (!this.#first) {
      this.#first = now;
      for (const {id} of now.qemu.devices) this.#cold.add(id);
    }
    this.#last = now;
    this.touched = false;
    this.steps.push({
      title,
      atMs: startedAt - this.#startedAt,
      durationMs: Date.now() - startedAt,
      memTotalKiB: now.meminfo['MemTotal'] ?? null,
      blocks: now.blocks.map((block) => seen(block, now)),
      kernelLog: now.kernelLog.slice(0, 200),
    });
    if (this.#observations) appendFileSync(this.#observations, `${JSON.stringify({title, ...now})}\n`);
    this.#compare(now, title);
    return now;
  }

  /** Ids of the devices that the guest has taken: cold-plugged, or answered with success. */
  taken(): Set<string> {
    // Without its memory driver the ACPI core reports success for a device that nobody uses.
    if (/\bacpi_no_memhotplug\b/.test(this.clone.template.config.append)) return new Set();
    const taken = new Set(this.#cold);
    for (const event of this.clone.vm.qmp.events.since(0)) {
      const ost = ostOf(event);
      if (isPlugReport(ost) && ost.device !== undefined && ost.status === 0) taken.add(ost.device);
    }
    return taken;
  }

  #compare(now: Observation, title: string): void {
    const {config, facts} = this.clone.template;
    const numa = facts.config === null || facts.config['CONFIG_NUMA'] !== undefined;
    const moment = {first: this.first, now, taken: this.taken(), bootRam: config.profile.ram, numa};
    this.checks.step = title;
    for (const {name, expected, actual, because} of compareAll(moment)) {
      const made = this.checks.made.length;
      if (this.checks.is(actual, expected, name, because)) {
        this.checks.made.length = made; // counted, not listed: a record shows what is wrong and what a case is about
        this.held += 1;
      } else this.violated += 1;
    }
  }
}

function seen({id, state, validZones, nodes}: BlockView, now: Observation): BlockSeen {
  const device = now.qemu.devices.find((one) => blocksOf(one, now.blockSize).includes(id));
  return {id, state, zones: validZones.join(' '), node: nodes[0] ?? null, device: device?.id ?? null};
}
