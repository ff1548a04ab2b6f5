import type {Clone} from '../../machine/clone.ts';
import {QemuVmm} from '../../vmm/qemu/qemu.ts';
import type {Qmp} from '../../vmm/qemu/qmp/client.ts';
import type {Shell} from '../../shell/shell.ts';
import {kstrtobool} from '../../udev/follow/kstrtobool.ts';
import {listed, type Listed} from './listings.ts';
import {mayWrite, type MentionedFile} from '../runner/scripts.ts';

/** What a verb did: it wrote a word to a file of the guest, as the kernel got it. */
export interface Write {
  /** Absolute path. */
  readonly file: string;
  readonly word: string;
  readonly accepted: boolean;
}

/** What is written to, so that invariants depend on it. */
const FILES: Readonly<Record<MentionedFile, RegExp>> = {
  policy: /^\/sys\/devices\/system\/memory\/auto_online_blocks$/,
  states: /^\/sys\/devices\/system\/memory\/memory(\d+)\/(state|online)$/,
  'zone policy': /^\/sys\/module\/memory_hotplug\/parameters\/\w+$/,
};

/**
 * What was done to a clone since the last look: the verbs say it of themselves; only of scripts that a case brings is
 * anything inferred.
 */
export class Done {
  /** Answers to query-memory-devices, in order; at a look the last one is its own. */
  listings: Listed[][] = [];
  /** Has a size been asked for? */
  sizeWritten = false;
  readonly #writes: Write[] = [];
  /** The first script since the last look that may have written to it, of which no verb tells. */
  readonly #scripts = new Map<MentionedFile, string>();

  /** A verb wrote something, or was refused. */
  report(write: Write): void {
    this.#writes.push(write);
  }

  /** A script that no verb stands behind is run. */
  script(script: string): void {
    for (const subject of mayWrite(script)) if (!this.#scripts.has(subject)) this.#scripts.set(subject, script.trim());
  }

  /** What comes now is for the next look. */
  forget(): void {
    this.listings = [];
    this.sizeWritten = false;
    this.#writes.length = 0;
    this.#scripts.clear();
  }

  /** Why it isn't known what was written to it; undefined where it is. */
  unknown(subject: MentionedFile): string | undefined {
    const script = this.#scripts.get(subject);
    return script === undefined
      ? undefined
      : `not judged: a script may have written ${WHAT[subject]}: ` +
          (script.length > 160 ? `${script.slice(0, 160)}…` : script);
  }

  /** The word that auto_online_blocks took last; undefined where none was written. */
  get policy(): string | undefined {
    return this.#accepted('policy').at(-1)?.word;
  }

  /** The states that blocks were brought to, by block id: the last accepted write to each. */
  get states(): Map<number, 'online' | 'offline'> {
    return new Map(
      this.#accepted('states').map(({file, word}) => {
        const [, id, name] = FILES.states.exec(file) ?? [];
        return [Number(id), name === 'online' ? truthOf(word) : word === 'offline' ? 'offline' : 'online'];
      }),
    );
  }

  /** Was a parameter of memory_hotplug written? */
  get zonePolicyWritten(): boolean {
    return this.#accepted('zone policy').length > 0;
  }

  #accepted(subject: MentionedFile): Write[] {
    return this.#writes.filter(({file, accepted}) => accepted && FILES[subject].test(file));
  }
}

const WHAT: Readonly<Record<MentionedFile, string>> = {
  policy: 'auto_online_blocks',
  states: 'the state of blocks',
  'zone policy': 'parameters of memory_hotplug',
};

/** What the file `online` takes a word for, once it has taken it. */
const truthOf = (word: string): 'online' | 'offline' => (kstrtobool(word, undefined) === true ? 'online' : 'offline');

/** The same clone for whoever brings scripts or monitor commands of his own: they are looked at. */
export function watched(clone: Clone, done: Done): Clone {
  return {
    ...clone,
    vmm: clone.vmm instanceof QemuVmm ? clone.vmm.by(watchedMonitor(clone.vmm.qmp, done)) : clone.vmm,
    shell: watchedShell(clone.shell, done),
    watch: watchedShell(clone.watch, done),
  };
}

const watchedShell = (shell: Shell, done: Done): Shell => ({
  kind: shell.kind,
  close: () => {
    shell.close();
  },
  run: (script, ms, where) => {
    done.script(script);
    return shell.run(script, ms, where);
  },
});

const watchedMonitor = (qmp: Qmp, done: Done): Qmp => ({
  events: qmp.events,
  hmp: (line) => qmp.hmp(line),
  execute: async (command, args) => {
    done.sizeWritten ||= /^(?:qom-set|device_add|human-monitor-command|system_reset)$/.test(command);
    const answer = await qmp.execute(command, args);
    if (command === 'query-memory-devices' && Array.isArray(answer))
      done.listings.push(answer.map((one) => listed(one)));
    return answer;
  },
});
