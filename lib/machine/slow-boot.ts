import pRetry from 'p-retry';
import {GuestPanic} from '../console/console.ts';
import type {Shell} from '../shell/shell.ts';
import {Broken, messageOf} from '../util/errors.ts';
import type {Log} from '../util/log.ts';

/** The boot went wrong in a way that only a slow host explains: worth another one. */
export class SlowBoot extends Broken {
  override name = 'SlowBoot';
}

/**
 * Counts the udevds that nobody but init has started. Debian's initramfs ends its own with a time limit, which an
 * emulated CPU on a busy host can miss: each uevent is then handled twice, and that says nothing of the distribution.
 */
export const UDEVDS = `
n=0
for p in /proc/[0-9]*; do
  { read -r line <$p/stat; } 2>/dev/null || continue
  case $line in *'(systemd-udevd) '?' 1 '*) n=$((n + 1)) ;; esac
done
echo $n`;

/** Throws SlowBoot where the guest has come up with more than one udevd. */
export async function refuseSecondUdevd(shell: Shell, ms: number): Promise<void> {
  const {status, stdout, stderr} = await shell.run(UDEVDS, ms);
  if (status !== 0 || !/^\d+\n$/.test(stdout))
    throw new Broken(`the guest's udevds can't be counted: status ${status}: ${stdout}${stderr}`);
  if (Number(stdout) > 1)
    throw new SlowBoot(
      `the guest has come up with ${Number(stdout)} udevds: that of its initramfs was not ended in time`,
    );
}

const ATTEMPTS = 3;
const isChance = (error: unknown): boolean => error instanceof GuestPanic || error instanceof SlowBoot;

/**
 * Boots again where only chance went wrong: a panic (of multi-threaded TCG), or a host that was too slow. Everything
 * else repeats itself.
 */
export const bootAgain = (
  boot: () => Promise<void>,
  {what, log, signal}: {what: string; log: Log; signal: AbortSignal | undefined},
): Promise<void> =>
  pRetry(boot, {
    retries: ATTEMPTS - 1,
    minTimeout: 0,
    shouldRetry: ({error}) => isChance(error) && signal?.aborted !== true,
    onFailedAttempt: ({error, retriesLeft}) => {
      if (isChance(error) && retriesLeft > 0) log(`${what}: ${error.message}; booting again`);
    },
  });

/** A boot failure's message carries what the console said last: that is where the reason usually is. */
export function withConsole(error: unknown, tail: string): Error {
  const message = `${messageOf(error)}\nthe console's last lines:\n${tail || '(it said nothing)'}`;
  if (error instanceof SlowBoot) return new SlowBoot(message);
  return error instanceof GuestPanic ? new GuestPanic(message) : new Broken(message);
}
