import {Broken} from '../../util/errors.ts';

/** Makes udevd log all that it does; its workers are begun anew by that. */
export const LOG_ON = 'udevadm control -l debug && udevadm settle';

/** What udevd and its workers have logged since the boot about a rule and a block's state. */
export const LOGGED = `
journalctl --sync
journalctl -b -o json --output-fields=MESSAGE,_PID _SYSTEMD_UNIT=systemd-udevd.service | grep -E '\\.rules:[0-9]+.*(ATTR|RUN)'
true`;

/** A rule that did something for a memory block. */
export interface RuleDone {
  readonly pid: number;
  readonly block: string;
  /** `FILE:LINE` */
  readonly rule: string;
  /** The word written to `state` or `online`; undefined for a program that was run. */
  readonly word: string | undefined;
}

/**
 * Reads udevd's log of rules that wrote to a block's state or ran a program. The words for it in systemd 239, 247 to
 * 252, 257, and 262:
 * `ATTR '/sys/…/state' writing 'online' FILE:LINE` · `memory32: FILE:LINE ATTR '/sys/…/state' writing 'online'` ·
 * `memory32: FILE:LINE Writing ATTR{'/sys/…/state'}="online".` · `memory32: FILE:LINE ATTR{state}="online": Writing
 * "online" to sysfs attribute "state".`
 */
export function parseUdevLog(text: string): RuleDone[] {
  return text
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const {MESSAGE, _PID} = entry(line);
      const block = /\bmemory\d+\b/.exec(MESSAGE)?.[0];
      const rule = /(\/\S+\.rules):(\d+)/.exec(MESSAGE)?.slice(1).join(':');
      if (block === undefined || rule === undefined || MESSAGE.includes('Failed to ')) return [];
      const word =
        /(?:state|online)' writing '([^']*)'|\/(?:state|online)'\}="([^"]*)"|Writing "([^"]*)" to sysfs attribute "(?:state|online)"/
          .exec(MESSAGE)
          ?.slice(1)
          .join('');
      if (word === undefined && !/\.rules:\d+ RUN\b/.test(MESSAGE)) return [];
      return [{pid: Number(_PID), block, rule, word}];
    });
}

/** A line of the journal as JSON. A message that is no text is an array of bytes there. */
export function entry(line: string): {MESSAGE: string; _PID: string} {
  try {
    const {MESSAGE, _PID} = JSON.parse(line) as {MESSAGE: unknown; _PID: unknown};
    return {
      MESSAGE: Array.isArray(MESSAGE) ? Buffer.from(MESSAGE as number[]).toString() : String(MESSAGE),
      _PID: String(_PID),
    };
  } catch {
    throw new Broken(`not a line of the journal: "${line.slice(0, 160)}"`);
  }
}
