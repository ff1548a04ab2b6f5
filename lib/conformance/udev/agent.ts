import type {CaseGuest} from '../guest/guest.ts';

const FILE = '/run/memhp-agent';

/** Name of the process of startAgent. */
export const AGENT = 'memhp-agent';

/**
 * Starts a process that isn't udevd's, which writes a word to the state of each block that it finds offline, until
 * endAgent.
 */
export async function startAgent(guest: CaseGuest, word: string): Promise<void> {
  await guest.sh(`
    cat >${FILE} <<'END_OF_AGENT'
printf ${AGENT} >/proc/$$/comm
cd /sys/devices/system/memory
while [ -e ${FILE} ]; do
  for b in memory*; do
    if read -r s <$b/state && [ "$s" = offline ]; then echo ${word} >$b/state; fi
  done
done 2>/dev/null
END_OF_AGENT
    sh ${FILE} </dev/null >/dev/null 2>&1 &
    echo $! >${FILE}.pid
    until grep -q ${AGENT} /proc/$!/comm; do kill -0 $! || exit 1; done`);
}

/** Ends the process; it is gone when this returns. */
export async function endAgent(guest: CaseGuest): Promise<void> {
  await guest.sh(`read -r p <${FILE}.pid && kill -0 $p && rm ${FILE} && while kill -0 $p 2>/dev/null; do :; done`);
}
