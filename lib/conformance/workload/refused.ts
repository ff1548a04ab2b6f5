import type {MemoryBlock} from '../guest/block.ts';
import type {CaseGuest} from '../guest/guest.ts';

/**
 * Error names of several texts written to a file, by text; `none` where one was taken. Each is written as it stands.
 * One step.
 */
export async function errnosOf(
  guest: CaseGuest,
  file: string,
  texts: readonly string[],
): Promise<Record<string, string>> {
  const results = await guest.step(`write ${texts.length} texts to ${file}, one after the other`, () =>
    guest.putAll(file, texts),
  );
  return Object.fromEntries(texts.map((text, i) => [JSON.stringify(text), results[i]?.errno ?? 'unknown']));
}

/** The same answer for each text, in the form of errnosOf. */
export const allOf = (texts: readonly string[], errno: string): Record<string, string> =>
  Object.fromEntries(texts.map((text) => [JSON.stringify(text), errno]));

const INJECT = '/sys/kernel/debug/notifier-error-inject/memory/actions';

/**
 * Makes the kernel's own test module, loaded or built in, veto what it is asked about, with this error; 0 ends that. Needs
 * `config:CONFIG_MEMORY_NOTIFIER_ERROR_INJECT`.
 */
export async function veto(
  guest: CaseGuest,
  action: 'MEM_GOING_ONLINE' | 'MEM_GOING_OFFLINE',
  errno: number,
): Promise<void> {
  await guest.sh(
    `grep -q ' /sys/kernel/debug debugfs ' /proc/mounts || mount -t debugfs none /sys/kernel/debug
    [ -d ${INJECT} ] || modprobe memory-notifier-error-inject`,
  );
  const {words} = await guest.session.writeFile(
    `${INJECT}/${action}/error`,
    String(-errno),
    guest.session.limits.shellMs,
  );
  guest.session.checks.require(words, '', `the notifier that vetoes ${action} takes ${-errno}`);
}

/** Checks that a block refuses both ways to offline it with one error, and that nothing changes. */
export async function expectRefused(
  guest: CaseGuest,
  block: MemoryBlock,
  errno: string,
  because: string,
): Promise<void> {
  const before = guest.now;
  const {checks} = guest;
  checks.is(
    (await block.write('state', 'offline')).errno,
    errno,
    `error when offline is written to state of ${block.name}`,
    because,
  );
  checks.is(
    (await block.write('online', '0')).errno,
    errno,
    `error when 0 is written to online of ${block.name}`,
    'as above',
  );
  guest.expectUnchanged(before, `after ${block.name} refused to go offline`);
}
