import type {BlockView} from '../../guest/blocks.ts';
import type {Observation} from '../../guest/observation.ts';
import {readGuestFile, type WriteResult} from '../../guest/write.ts';
import type {GuestFacts} from '../../machine/bring-up.ts';
import type {GuestBoard} from '../../machine/board/board.ts';
import type {MachineProfile} from '../../machine/profile.ts';
import type {Qmp} from '../../vmm/qemu/qmp/client.ts';
import {qmpOf} from '../../vmm/qemu/qemu.ts';
import type {AnyDeviceSpec} from '../../vmm/qemu/devices/devices.ts';
import {VmmRefusal, type PlugAnswer, type Vmm} from '../../vmm/vmm.ts';
import type {Shell, ShellResult} from '../../shell/shell.ts';
import {Broken} from '../../util/errors.ts';
import {MiB} from '../../util/size.ts';
import {clean, lastLines} from '../../util/text.ts';
import type {Need} from '../runner/needs.ts';
import type {Limits, Session} from '../runner/session.ts';
import type {Checks} from '../verdict/checks.ts';
import {differences} from '../verdict/unchanged.ts';
import {answerInLog} from './dlpar.ts';
import {SYSFS_MEMORY} from './sysfs.ts';

/** What QEMU answered to a command that may be refused. */
export interface QemuAnswer {
  readonly accepted: boolean;
  /** QEMU's words; empty where it accepted. They change between versions: match the kind of error, not the text. */
  readonly words: string;
}

/** What can be done to any guest, without a word of blocks and DIMMs: the ground of CaseGuest, MemoryBlock and Dimm. */
export class GuestAccess {
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** What the guest is: kernel release, kernel config, commands. */
  get facts(): GuestFacts {
    return this.session.clone.template.facts;
  }

  /** The machine profile that it was booted on. */
  get machine(): MachineProfile {
    return this.session.clone.template.config.profile;
  }

  /** The architecture: its page sizes, system calls, and what the kernel makes of them. */
  get board(): GuestBoard {
    return this.session.board;
  }

  /** How many base pages that many bytes are. */
  pagesOf(bytes: number): number {
    return bytes / this.board.page;
  }

  /** Checks that count as a verb's own, not as the case's. */
  get checks(): Checks {
    return this.session.checks;
  }

  /** How long an answer of its shell, and an operation, may take. */
  get limits(): Limits {
    return this.session.limits;
  }

  /** The hypervisor that the guest runs in. Nothing is observed after what is done by it: use `step`. */
  get vmm(): Vmm {
    return this.session.clone.vmm;
  }

  /** QEMU's monitor, for what it alone has. Throws Broken in a case that doesn't need `vmm:qemu`, wherever it runs. */
  get qmp(): Qmp {
    this.insist('vmm:qemu');
    return qmpOf(this.vmm);
  }

  /**
   * Throws Broken where the case uses something that it doesn't say it needs: it would fail where that isn't there,
   * instead of being skipped.
   */
  insist(need: Need): void {
    if (!this.session.needs.includes(need)) throw new Broken(`the case uses what it must name in its needs: ${need}`);
  }

  /**
   * Plugs a memory device into the running machine; the answer of the guest, if there is one for its kind. Not a step.
   */
  plug(spec: AnyDeviceSpec): Promise<PlugAnswer> {
    this.insist(`device:${spec.kind}`);
    const plug = (): Promise<PlugAnswer> => this.vmm.plug(spec, this.limits.operationMs);
    return spec.kind === 'dimm' && this.board.dimms === 'dlpar' ? answerInLog(this, spec.id, plug) : plug();
  }

  /** The second shell, for looking while the first one waits. */
  get watch(): Shell {
    return this.session.clone.watch;
  }

  /** The newest observation: made after the last step. */
  get now(): Observation {
    return this.session.last;
  }

  /** Bytes in a memory block. */
  get blockSize(): number {
    return this.now.blockSize;
  }

  /** The size of that many memory blocks, as QEMU writes it: the same steps fit a guest with blocks of 128 MiB or 1 GiB. */
  inBlocks(count: number): string {
    return `${(count * this.blockSize) / MiB}M`;
  }

  /** MemTotal in KiB, now. */
  get memTotal(): number {
    return this.now.meminfo['MemTotal'] ?? 0;
  }

  /**
   * The kernel must print this line of trouble before the next look, because the case asks for it: the invariant is
   * told.
   */
  announce(line: string): void {
    this.session.announced.push(line);
  }

  /** One thing done to the guest by hand, with the observation and the invariants that follow every step. */
  step<T>(title: string, action: () => Promise<T>): Promise<T> {
    return this.session.step(title, action);
  }

  /** Looks at everything, now. */
  observe(title = 'looking again'): Promise<Observation> {
    return this.session.look(title);
  }

  /** Asks QEMU for something it may refuse. */
  async tryQemu(action: () => Promise<unknown>): Promise<QemuAnswer> {
    try {
      await action();
      return {accepted: true, words: ''};
    } catch (error) {
      if (error instanceof VmmRefusal) return {accepted: false, words: clean(error.message, 1000)};
      throw error;
    }
  }

  /** What the newest observation says of a block. Throws Broken where it isn't there. */
  view(id: number): BlockView {
    const block = this.now.blocks.find((one) => one.id === id);
    if (!block) throw new Broken(`memory${id} is not among the guest's memory blocks`);
    return block;
  }

  /** Writes a line to a file below /sys/devices/system/memory (or to an absolute path). A step. */
  write(file: string, word: string): Promise<WriteResult> {
    return this.step(`write ${JSON.stringify(word)} to ${file}`, () => this.put(file, word));
  }

  /** The same within a step: nothing is observed after it. */
  put(file: string, word: string): Promise<WriteResult> {
    return this.session.writeFile(pathOf(file), word);
  }

  /**
   * The same several times, one after the other in one round trip: each text is written as it stands, without a newline
   * of its own. Not a step.
   */
  putAll(file: string, texts: readonly string[]): Promise<WriteResult[]> {
    return this.session.writeTexts(pathOf(file), texts);
  }

  /** Sets auto_online_blocks. Ends the case where the guest refuses. */
  async setPolicy(policy: 'offline' | 'online' | 'online_kernel' | 'online_movable'): Promise<void> {
    const {errno} = await this.write('auto_online_blocks', policy);
    this.session.checks.require(
      {errno, policy: this.now.policy ?? null},
      {errno: 'none', policy},
      `auto_online_blocks takes ${policy}`,
    );
  }

  /** A file's content, or undefined where it can't be read. */
  read(file: string): Promise<string | undefined> {
    return readGuestFile(this.session.clone.shell, pathOf(file), this.session.limits.shellMs);
  }

  /** Runs a script that must succeed; returns its standard output. Throws Broken where it fails. */
  async sh(script: string): Promise<string> {
    const {status, stdout, stderr} = await this.trySh(script);
    if (status !== 0)
      throw new Broken(
        `in the guest "${script.trim().slice(0, 160)}" ended with status ${status}: ` +
          lastLines(clean(stdout + stderr, 2000), 5),
      );
    return stdout;
  }

  /** Runs a script that may fail. */
  trySh(script: string): Promise<ShellResult> {
    this.session.touched = true;
    return this.session.clone.shell.run(script, this.session.limits.operationMs);
  }

  /**
   * Checks that everything is as it was in `before`: all three views, not only what the case is about. `but` names a
   * part that is meant to have changed: `vmm` where only the guest is to be as before.
   */
  expectUnchanged(before: Observation, what: string, {but}: {but?: 'vmm'} = {}): void {
    const {expected, actual} = differences(but === undefined ? before : {...before, vmm: this.now.vmm}, this.now);
    this.session.checks
      .as('case')
      .is(
        actual,
        expected,
        `${what}: everything${but === undefined ? '' : ' in the guest'} is as before`,
        "blocks, zones, nodes, iomem, MemTotal and QEMU's devices, compared field by field",
      );
  }
}

/** A file's path in the guest: absolute, or below /sys/devices/system/memory. */
export const pathOf = (file: string): string => (file.startsWith('/') ? file : `${SYSFS_MEMORY}/${file}`);
