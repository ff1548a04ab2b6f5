import {shellQuote} from '../../util/text.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {FIRST_LINE, type Reading} from './reading.ts';

/** What the guest's udev says of its rule files. */
export interface Complaints {
  /** Who said so: `udevadm verify`, or udevd itself where that is older. */
  readonly judge: 'udevadm verify' | 'udevd';
  /** `FILE:LINE`, each once, in order. */
  readonly places: readonly string[];
}

/**
 * The first systemd with `udevadm verify`; before, udevd's log says what it finds when it reads the files. Source:
 * systemd's NEWS.
 */
const VERIFY = 254;

/** Asks the guest about all rule files in force. A step. Needs `command:udevadm` and `command:systemctl`. */
export async function complaintsOf(guest: CaseGuest, {files, systemd}: Reading, block: string): Promise<Complaints> {
  const judge = systemd >= VERIFY ? 'udevadm verify' : 'udevd';
  const paths = files.map(({path}) => shellQuote(path)).join(' ');
  const said = await guest.step(`ask ${judge} about ${files.length} rule files`, () =>
    guest.sh(
      judge === 'udevadm verify'
        ? `udevadm verify --no-summary ${paths} 2>&1; [ $? -le 1 ]`
        : `udevadm control --reload && echo change >/sys/devices/system/memory/${block}/uevent && udevadm ` +
            `settle && journalctl --sync && journalctl -b -u systemd-udevd -o cat`,
    ),
  );
  return {
    judge,
    places: sortedOnce([...said.matchAll(/^(\/.*\.rules):(\d+)\b/gm)].map(([, file, line]) => `${file}:${line}`)),
  };
}

/**
 * Comparing the parts of a rule with each other came with `udevadm verify`: udevd 252 says nothing of such a rule, 257
 * does.
 */
const SINCE_VERIFY: readonly string[] = ['syntax/duplicate', 'syntax/conflict'];

/** What our parser says that this judge says: udevd itself doesn't mind style. */
export function ownComplaints({files, systemd}: Reading, {judge}: Complaints): string[] {
  const isNew = systemd >= FIRST_LINE;
  return sortedOnce(
    files.flatMap(({path, problems}) =>
      problems.flatMap(({id, udevd}) => {
        if (
          !udevd ||
          udevd.only === (isNew ? 'old' : 'new') ||
          (judge === 'udevd' && (udevd.level === 'notice' || SINCE_VERIFY.includes(id)))
        )
          return [];
        return [`${path}:${isNew ? udevd.lines.first : udevd.lines.last}`];
      }),
    ),
  );
}

const sortedOnce = (places: readonly string[]): string[] => [...new Set(places)].sort();

/**
 * What `udevadm test` says that rules write to a block's state when it is added: `FILE:LINE WORD`. Before systemd 256
 * it does write it.
 */
export async function testAdd(guest: CaseGuest, block: string): Promise<string[]> {
  const said = await guest.step(`udevadm test --action=add ${block}`, () =>
    guest.sh(
      `SYSTEMD_LOG_LEVEL=debug udevadm test --action=add /sys/devices/system/memory/${block} 2>&1 | grep -E ` +
        `'\\.rules:[0-9]+.*ATTR'; true`,
    ),
  );
  return said.split('\n').flatMap((line) => {
    const place = /(\/\S+\.rules:\d+)/.exec(line)?.[1];
    const word = /state' writing '([^']*)'|\/state'?\}="([^"]*)"|riting "([^"]*)" to sysfs attribute "state"/
      .exec(line)
      ?.slice(1)
      .join('');
    return place === undefined || word === undefined || line.includes('Failed to ') ? [] : [`${place} ${word}`];
  });
}
