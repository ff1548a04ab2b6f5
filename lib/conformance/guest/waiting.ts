import {waitingWriter} from '../../guest/allocator.ts';
import {errnoOf} from '../../guest/write.ts';
import type {Shell, ShellResult} from '../../shell/shell.ts';
import {clean} from '../../util/text.ts';
import type {MemoryBlock} from './block.ts';
import {SYSFS_MEMORY} from './sysfs.ts';
import type {CaseGuest} from './guest.ts';

/** How an offlining ended that somebody watched and interfered with. */
export interface WatchedOffline {
  /** States of all blocks, by name, as soon as the block read going-offline; undefined where the write ended first. */
  readonly meanwhile: Readonly<Record<string, string>> | undefined;
  /** Error of the write: `none` where it worked, `killed` where its process was ended by a signal. */
  readonly errno: string;
  /** Exit status of the writing program; 128 + the signal's number where that ended it. */
  readonly status: number;
}

const PID_FILE = '/run/memhp.writer';

/**
 * Offlines a block from a process of its own. As soon as the second shell sees going-offline, `then` is done there:
 * it gets the shell and the id of the writing process. One step. Needs `command:perl`.
 */
export function watchOffline(
  guest: CaseGuest,
  block: MemoryBlock,
  title: string,
  then: (watch: Shell, pid: number) => Promise<unknown>,
): Promise<WatchedOffline> {
  const script =
    `cat >${PID_FILE}.pl <<'END_OF_WRITER'\n${waitingWriter}\nEND_OF_WRITER\nperl ${PID_FILE}.pl ` +
    `${stateFile(block)} offline ${PID_FILE}`;
  return watched(guest, block, title, script, then);
}

/**
 * The document's idiom: `timeout SECONDS` around a command that offlines the block. One step. Needs `command:timeout`.
 */
export function offlineWithTimeout(guest: CaseGuest, block: MemoryBlock, seconds: number): Promise<WatchedOffline> {
  const script = `sh -c 'echo $$ >${PID_FILE}; exec timeout ${seconds} sh -c "echo offline >${stateFile(block)}"'`;
  return watched(guest, block, `timeout ${seconds} around offlining ${block.name}`, script, () => Promise.resolve());
}

/** The watching loop ends with the writer, so that a write which never waits is seen as that and not as a deadline. */
async function watched(
  guest: CaseGuest,
  block: MemoryBlock,
  title: string,
  script: string,
  then: (watch: Shell, pid: number) => Promise<unknown>,
): Promise<WatchedOffline> {
  const {clone} = guest.session;
  const look = `until [ -s ${PID_FILE} ]; do :; done
    read -r p <${PID_FILE}
    while kill -0 $p 2>/dev/null; do
      read -r state <${stateFile(block)}
      if [ "$state" = going-offline ]; then echo $p; memhp_states; exit 0; fi
    done`;
  await guest.sh(`rm -f ${PID_FILE}`); // an earlier writer's is not this one's
  const [written, meanwhile] = await guest.step(title, () =>
    Promise.all([
      guest.session.run(script, {
        did: ({status}) => [{file: stateFile(block), word: 'offline', accepted: status === 0}],
      }),
      (async () => {
        const {stdout} = await guest.session.run(look, {on: 'watch'});
        if (stdout === '') return undefined;
        await then(clone.watch, Number.parseInt(stdout, 10));
        return Object.fromEntries(
          [...stdout.matchAll(/^(memory\d+)\/state:(.*)$/gm)].map(([, name, state]) => [name ?? '', state ?? '']),
        );
      })(),
    ]),
  );
  return {meanwhile, errno: errnoOfWriter(written), status: written.status};
}

function errnoOfWriter({status, stderr}: ShellResult): string {
  if (status === 0) return 'none';
  return status > 128 || status === 124 ? 'killed' : errnoOf(clean(stderr, 500));
}

const stateFile = (block: MemoryBlock): string => `${SYSFS_MEMORY}/${block.name}/state`;
