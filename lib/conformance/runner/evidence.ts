import {appendFileSync} from 'node:fs';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Observation} from '../../guest/observation.ts';
import type {Clone} from '../../machine/clone.ts';
import type {Transcript} from '../../vmm/qemu/qmp/client.ts';
import type {Shell} from '../../shell/shell.ts';
import {stopwatch} from '../../util/clock.ts';
import {messageOf} from '../../util/errors.ts';
import {makeDirectory} from '../../util/files.ts';
import {jsonLine} from '../../util/text.ts';

/** Files of a case's evidence directory; a second clone's have another prefix. */
export const evidenceFiles = (
  dir: string,
  prefix = '',
): {clone: string; console: string; qmp: string; commands: string; observations: string} => ({
  clone: join(dir, `${prefix}clone.json`),
  console: join(dir, `${prefix}console.log`),
  qmp: join(dir, `${prefix}qmp.jsonl`),
  commands: join(dir, `${prefix}commands.jsonl`),
  observations: join(dir, `${prefix}observations.jsonl`),
});

/** An empty evidence directory: what a cut-off attempt left must not mix with this one. */
export async function freshEvidence(dir: string): Promise<void> {
  await rm(dir, {recursive: true, force: true});
  await makeDirectory(dir);
}

/**
 * Writes down what a case's clones answered, so exactly that tools/replay can answer it again: nothing is cut, and `n`
 * counts what was asked and answered through all files of all clones of the case, because a clock has ties.
 */
export class EvidenceRecorder {
  readonly #dir: string;
  #n = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** For QEMU's monitor: `{"n", "at", "out" or "in": message}`. */
  qmp(prefix: string): Transcript {
    const file = evidenceFiles(this.#dir, prefix).qmp;
    return (direction, line) => {
      this.#write(file, {n: this.#count(), at: Date.now(), [direction]: parsedOr(line)});
    };
  }

  /**
   * The same clone, with each script and each question to the host written down: `n` as it was asked, `end` as it was
   * answered.
   */
  clone(clone: Clone, prefix: string): Clone {
    const files = evidenceFiles(this.#dir, prefix);
    const {
      facts,
      config: {
        image: {arch},
        profile,
        accel,
        append,
      },
    } = clone.template;
    appendFileSync(
      files.clone,
      `${jsonLine({n: this.#count(), facts, config: {image: {arch}, profile, accel, append}} satisfies CloneHead)}\n`,
    );
    const shell = (port: string, guest: Shell): Shell => ({
      kind: guest.kind,
      close: () => {
        guest.close();
      },
      run: (script, ms, where) =>
        this.#ask(
          files.commands,
          {port, shell: guest.kind, script},
          () => guest.run(script, ms, where),
          ({status, stdout, stderr}) => ({status, stdout, stderr}),
        ),
    });
    return {
      ...clone,
      shell: shell('work', clone.shell),
      watch: shell('watch', clone.watch),
      hostFile: (name) =>
        this.#ask(
          files.commands,
          {port: 'host', shell: 'host', script: name},
          () => clone.hostFile(name),
          (stdout) => ({status: 0, stdout, stderr: ''}),
        ),
      hostFind: (name, text) =>
        this.#ask(
          files.commands,
          {port: 'host', shell: 'host', script: findIn(name, text)},
          () => clone.hostFind(name, text),
          (count) => ({status: 0, stdout: String(count), stderr: ''}),
        ),
    };
  }

  async #ask<T>(file: string, question: object, ask: () => Promise<T>, told: (answer: T) => object): Promise<T> {
    const [n, at, took] = [this.#count(), Date.now(), stopwatch()];
    const write = (answer: object): void => {
      this.#write(file, {n, end: this.#count(), at, ms: took(), ...question, ...answer});
    };
    try {
      const answer = await ask();
      write(told(answer));
      return answer;
    } catch (error) {
      write({error: messageOf(error)});
      throw error;
    }
  }

  #count(): number {
    this.#n += 1;
    return this.#n;
  }

  #write(file: string, line: object): void {
    appendFileSync(file, `${jsonLine(line)}\n`);
  }
}

/** How the record has a question about a file of the host. */
export const findIn = (name: string, text: string): string => `count ${JSON.stringify(text)} in ${name}`;

/** What clone.json says: since when the clone is the case's, and what it is. */
export interface CloneHead {
  readonly n: number;
  readonly facts: Clone['template']['facts'];
  readonly config: Clone['template']['config'];
}

/** QEMU sends JSON; a line that isn't is kept as text. */
function parsedOr(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

/** Writes the blocks as a sysfs tree that `lsmem --sysroot DIR` reads. */
export async function writeSysroot(dir: string, {blocks, blockSize}: Observation): Promise<void> {
  const memory = join(dir, 'sysroot/sys/devices/system/memory');
  await makeDirectory(memory);
  await writeFile(join(memory, 'block_size_bytes'), `${blockSize.toString(16)}\n`);
  for (const block of blocks) {
    const path = join(memory, `memory${block.id}`);
    await mkdir(path);
    const files = {
      state: block.state,
      online: block.online,
      valid_zones: block.validZones.join(' '),
      removable: block.removable,
      phys_index: block.physIndex,
      phys_device: block.physDevice,
    };
    for (const [name, content] of Object.entries(files)) {
      if (content !== undefined) await writeFile(join(path, name), `${content}\n`);
    }
    for (const node of block.nodes) await mkdir(join(path, `node${node}`));
  }
}
