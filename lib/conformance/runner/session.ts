import {appendFileSync} from 'node:fs';
import type {BlockView} from '../../guest/blocks.ts';
import {observe, type Observation, type parseObservation} from '../../guest/observation.ts';
import type {MemoryDevice} from '../../vmm/vmm.ts';
import {writeGuestFile, writeTexts, type WriteResult} from '../../guest/write.ts';
import {guestBoard, type GuestBoard} from '../../machine/board/board.ts';
import {boardOf} from '../../machine/board/boards.ts';
import type {Clone} from '../../machine/clone.ts';
import type {Successor} from '../../machine/successor.ts';
import type {BlockSeen, Step} from '../../results/record.ts';
import type {Shell, ShellResult} from '../../shell/shell.ts';
import {stopwatch} from '../../util/clock.ts';
import {Broken} from '../../util/errors.ts';
import type {Checks} from '../verdict/checks.ts';
import {blocksIn, isPersistent} from '../expected/device-blocks.ts';
import {compareAll} from '../invariants/invariants.ts';
import {ownMemmap} from '../expected/memmap.ts';
import {termsOf, type Terms} from '../verdict/terms.ts';
import {Done, watched, type Write} from '../verdict/done.ts';
import type {Listed} from '../verdict/listings.ts';
import type {Need} from './needs.ts';
import {AcceptedDevices} from '../invariants/accepted.ts';

export interface Limits {
  /** One answer of the guest's shell. */
  readonly shellMs: number;
  /** One operation: a plug, an unplug, an online or offline write. */
  readonly operationMs: number;
}

export interface SessionOptions {
  /** Where the observations are kept. */
  readonly file?: string | undefined;
  /** Reads what an observation printed; for somebody who reads the same ones again and again. */
  readonly parse?: typeof parseObservation | undefined;
  /**
   * Leaves out the invariants at this moment: for a replay that is after the case's own checks alone, or knows that
   * they hold.
   */
  readonly skipInvariants?: (() => boolean) | undefined;
  /** What the case needs, as it says itself. */
  readonly needs?: readonly Need[] | undefined;
  /** How the guest gets on to a life after this one. */
  readonly next?: NextLife | undefined;
  /** The session of its life before this one, whose list of steps goes on here. */
  readonly before?: Session | undefined;
}

/** How a verb runs a script of its own. */
export interface VerbScript {
  /** Which of the guest's two shells runs it. */
  readonly on?: 'shell' | 'watch';
  /** As Shell.run has it. */
  readonly where?: Parameters<Shell['run']>[2];
  /** What it wrote, by its result. */
  readonly did?: (result: ShellResult) => readonly Write[];
}

/** The session of a case: the clone, the steps taken on it, and an observation with the invariants after each. */
export class Session {
  readonly clone: Clone;
  readonly board: GuestBoard;
  readonly checks: Checks;
  readonly limits: Limits;
  readonly steps: Step[];
  readonly needs: readonly Need[];
  readonly next: NextLife | undefined;
  /** Comparisons made and not violated. */
  holding = 0;
  violated = 0;
  /** Ids of devices that the case itself has plugged and that are no memory: QEMU tells of their end as well. */
  readonly others = new Set<string>();
  /** Of memory devices by id: has the guest added them? For a case that made it do so by hand, or has looked. */
  readonly taken = new Map<string, boolean>();
  /** Has anything been done in the guest since the last look? */
  touched = false;
  /**
   * Lines of trouble that the kernel must print before the next look, because the case asks for them; as the invariant
   * tells them.
   */
  readonly announced: string[] = [];
  #first: Observation | undefined;
  #last: Observation | undefined;
  /** The one before the last. */
  #before: Observation | undefined;
  /** The memory devices that were ever observed, as they were last. */
  readonly #devices = new Map<string, MemoryDevice>();
  readonly #done = new Done();
  /** The clone as its verbs talk to it: they say themselves what they did. */
  readonly #own: Clone;
  /** The memory devices as the last look listed them. */
  #listed: readonly Listed[] | undefined;
  readonly #sinceStart: () => number;
  /** Where the hypervisor's events of this life begin. */
  readonly #eventsFrom: number;
  readonly #observations: string | undefined;
  readonly #parse: SessionOptions['parse'];
  readonly #skipInvariants: () => boolean;
  #accepted: AcceptedDevices | undefined;

  constructor(
    clone: Clone,
    checks: Checks,
    limits: Limits,
    {file, parse, skipInvariants = () => false, needs = [], next, before}: SessionOptions = {},
  ) {
    this.#own = clone;
    this.clone = watched(clone, this.#done);
    this.board = guestBoard(
      boardOf(clone.template.config.image.arch),
      clone.template.config.profile.ram,
      clone.template.facts.page,
    );
    this.checks = checks;
    this.limits = limits;
    this.#observations = file;
    this.#parse = parse;
    this.#skipInvariants = skipInvariants;
    this.needs = needs;
    this.next = next;
    this.steps = before?.steps ?? [];
    this.#sinceStart = before ? before.#sinceStart : stopwatch();
    this.#eventsFrom = before ? this.clone.vmm.events.mark() : 0;
  }

  /** The clone as it woke up. */
  get first(): Observation {
    if (!this.#first) throw new Error('the session is observed before the case begins');
    return this.#first;
  }

  /** What recorded deviations are counted in here; undefined before anything was seen. */
  get terms(): Terms | undefined {
    return this.#first && termsOf(this.#first, this.board);
  }

  get last(): Observation {
    return this.#last ?? this.first;
  }

  /** Takes the observation that all later ones are compared with. */
  async begin(title = 'the guest as it woke up'): Promise<void> {
    await this.step(title, () => Promise.resolve());
  }

  /** Does one thing to the guest, then looks at everything and compares. */
  async step<T>(title: string, action: () => Promise<T>): Promise<T> {
    const startedAt = this.#sinceStart();
    this.checks.step = title;
    const result = await action();
    await this.look(title, startedAt);
    return result;
  }

  /** Observes and compares without doing anything. */
  async look(title: string, startedAt = this.#sinceStart()): Promise<Observation> {
    const now = await observe(this.clone.vmm, this.#own.shell, {
      page: this.board.page,
      unmapped: this.board.unmapped,
      ms: this.limits.shellMs,
      parse: this.#parse,
    });
    this.#first ??= now;
    this.#accepted ??= new AcceptedDevices(now, this.clone.vmm.protocol);
    this.#accepted.look(now);
    this.#before = this.#last;
    this.#last = now;
    for (const device of now.vmm.devices) this.#devices.set(device.id, device);
    this.touched = false;
    this.steps.push({
      title,
      atMs: startedAt,
      durationMs: this.#sinceStart() - startedAt,
      memTotalKiB: now.meminfo['MemTotal'] ?? null,
      blocks: now.blocks.map((block) => seen(block, now)),
      kernelLog: now.kernelLog.slice(0, 200).map((line) => line.slice(0, 2000)),
    });
    if (this.#observations) appendFileSync(this.#observations, `${JSON.stringify({title, ...now})}\n`);
    notSet(this.first, now);
    if (this.clone.template.config.accel === 'tcg') notStuck(now.kernelLog);
    if (!this.#skipInvariants()) this.#compare(now, title);
    this.#listed = this.#done.listings.at(-1) ?? [];
    this.#done.forget();
    this.announced.length = 0;
    return now;
  }

  /** Writes a line to a file of the guest, and reports it. Throws what writeGuestFile throws. */
  async writeFile(file: string, word: string, ms = this.limits.operationMs): Promise<WriteResult> {
    const result = await writeGuestFile(this.#own.shell, file, word, ms);
    this.#done.report({file, word, accepted: result.accepted});
    return result;
  }

  /** Writes several texts to a file, and reports each. Throws what writeTexts throws. */
  async writeTexts(file: string, texts: readonly string[]): Promise<WriteResult[]> {
    const results = await writeTexts(this.#own.shell, file, texts, this.limits.operationMs);
    for (const [i, text] of texts.entries())
      this.#done.report({file, word: text.replace(/\n$/, ''), accepted: results[i]?.accepted === true});
    return results;
  }

  /** Runs a verb's own script, which says by `did` what it wrote: nothing where it only reads. */
  async run(script: string, {on = 'shell', where, did}: VerbScript): Promise<ShellResult> {
    const result = await this.#own[on].run(script, this.limits.operationMs, where);
    for (const write of did?.(result) ?? []) this.#done.report(write);
    return result;
  }

  /** Ids of the devices that the guest has accepted. */
  accepted(): Set<string> {
    const {config, facts} = this.clone.template;
    // Without its memory driver the ACPI core reports success for a device that nobody uses.
    if (/\bacpi_no_memhotplug\b/.test(config.append)) return new Set();
    const without = (name: string): boolean => facts.config !== null && facts.config[name] === undefined;
    if (this.board.dimms === 'acpi' && without('CONFIG_ACPI_HOTPLUG_MEMORY')) return new Set();
    return this.#accepted?.ids(this.last, this.clone.vmm.events.since(this.#eventsFrom)) ?? new Set();
  }

  #compare(now: Observation, title: string): void {
    const {config, facts} = this.clone.template;
    const numa =
      facts.config === null ? Object.keys(this.first.nodeMasks).length > 0 : facts.config['CONFIG_NUMA'] !== undefined;
    // The guest takes virtio-mem and persistent memory without a report to ACPI, and shows how much by its blocks.
    const accepted = new Set([
      ...this.accepted(),
      ...now.vmm.devices.filter((device) => device.resizable ?? isPersistent(device)).map(({id}) => id),
    ]);
    for (const [id, taken] of this.taken) accepted[taken ? 'add' : 'delete'](id);
    const moment = {
      first: this.first,
      now,
      before: this.#before,
      accepted,
      bootRam: config.profile.ram,
      numa,
      physDevice: this.board.physDevice,
      uncounted: this.board.uncounted,
      ownMemmap: ownMemmap({append: config.append, ...facts}),
      protocol: this.clone.vmm.protocol,
      events: this.clone.vmm.events.since(this.#eventsFrom),
      others: this.others,
      devices: this.#devices,
      hotremove: facts.config === null ? undefined : facts.config['CONFIG_MEMORY_HOTREMOVE'] !== undefined,
      done: this.#done,
      listed: {listings: this.#done.listings, before: this.#listed, sizeWritten: this.#done.sizeWritten},
      announced: this.announced,
    };
    this.checks.step = title;
    for (const {name, expected, actual, because, unknown} of compareAll(moment)) {
      if (unknown !== undefined) this.checks.notJudged(name, unknown);
      const made = this.checks.made.length;
      if (this.checks.as('invariant').is(actual, expected, name, because)) {
        this.checks.made.length = made; // counted, not listed: a record shows what is wrong and what a case is about
        this.holding += 1;
      } else this.violated += 1;
    }
  }
}

function seen({id, state, validZones, nodes}: BlockView, now: Observation): BlockSeen {
  const device = now.vmm.devices.find((one) => blocksIn(one, now).includes(id));
  return {id, state, zones: validZones.join(' '), node: nodes[0] ?? null, device: device?.id ?? null};
}

/** Throws Broken where the guest's watchdog found its emulated CPU stuck. */
function notStuck(kernelLog: readonly string[]): void {
  const line = kernelLog.find((one) => /watchdog: BUG: soft lockup/.test(one));
  if (line !== undefined)
    throw new Broken(
      `the guest's CPU didn't get on (${line}): with an emulated CPU a busy host is as good a reason as the ` +
        `guest; run it again with less beside it, or under KVM`,
    );
}

/** Throws Broken where somebody has set the guest's clock: a case is about a guest in which nobody else works. */
function notSet(first: Observation, now: Observation): void {
  const [was, is] = [first, now].map(({bootTime}) => new Date(bootTime * 1000).toISOString());
  if (was !== is)
    throw new Broken(
      `the guest's clock was set while the case ran: by /proc/stat it booted at ${was}, and now at ${is}. ` +
        `What else was done to it is not known`,
    );
}

/** How a guest comes to its next life: in another QEMU, or after another boot in the same one. */
export interface NextLife {
  /**
   * Starts another QEMU with the same machine and disk, for a guest to come into. It ends with the case at the latest.
   */
  readonly launch: (how: Successor) => Promise<Clone>;
  /** From here on this QEMU may end by itself, and its guest may panic: that is no mishap any more. */
  readonly mayEnd: (clone: Clone) => void;
  /**
   * Looks at the guest as it is now: what is observed later is compared with this, and no more with what was before.
   */
  readonly begin: (clone: Clone, title: string) => Promise<Session>;
}
