import {appendFileSync} from 'node:fs';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Observation} from '../guest/observation.ts';
import type {Shell} from '../shell/shell.ts';
import {clean} from '../util/text.ts';

/** Files of a case's evidence directory. */
export const evidenceFiles = (dir: string): {console: string; qmp: string; commands: string; observations: string} => ({
  console: join(dir, 'console.log'),
  qmp: join(dir, 'qmp.jsonl'),
  commands: join(dir, 'commands.jsonl'),
  observations: join(dir, 'observations.jsonl'),
});

/** An empty evidence directory: what a cut-off attempt left must not mix with this one. */
export async function freshEvidence(dir: string): Promise<void> {
  await rm(dir, {recursive: true, force: true});
  await mkdir(dir, {recursive: true});
}

/** A shell that writes down each command with its output. */
export function transcribed(shell: Shell, port: string, file: string): Shell {
  return {
    kind: shell.kind,
    close: () => {
      shell.close();
    },
    run: async (script, ms) => {
      const at = Date.now();
      const write = (rest: object): void => {
        appendFileSync(file, `${JSON.stringify({at, ms: Date.now() - at, port, shell: shell.kind, script, ...rest})}\n`);
      };
      try {
        const result = await shell.run(script, ms);
        write({status: result.status, stdout: clean(result.stdout, 100_000), stderr: clean(result.stderr, 10_000)});
        return result;
      } catch (error) {
        write({error: error instanceof Error ? error.message : String(error)});
        throw error;
      }
    },
  };
}

/** Writes the blocks as a sysfs tree that `lsmem --sysroot DIR` reads. */
export async function writeSysroot(dir: string, {blocks, blockSize}: Observation): Promise<void> {
  const memory = join(dir, 'sysroot/sys/devices/system/memory');
  await mkdir(memory, {recursive: true});
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
