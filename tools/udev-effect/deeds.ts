import {entry} from '../../lib/conformance/udev/log.ts';
import {errnoOf} from '../../lib/guest/write.ts';

/** Something that a rule did in an event, as udevd's log has it: it wrote to an attribute, or had a program run. */
export interface Deed {
  /** The worker that did it. */
  readonly pid: number;
  /** The device that the event is about, and what happened to it. */
  readonly device: string;
  readonly action: string;
  /** `FILE:LINE`, as udevd names it. */
  readonly rule: string;
  readonly how: 'rule' | 'program';
  /** What was written to, and the word; absent for a program. */
  readonly block?: string;
  readonly file?: 'state' | 'online';
  readonly word?: string;
  /** Why the write was refused, where udevd says so; it does not where the file then says what was written. */
  readonly errno?: string;
}

/** A worker at a device. */
interface Turn {
  readonly pid: number;
  readonly device: string;
  readonly action: string;
  /** Rules whose RUN has been collected, in order. */
  readonly collected: string[];
  /** What of it has been run: its place in the order of all that was. */
  ran: number;
  /** The rule that was named last. */
  at: string;
  readonly deeds: {deed: Deed; ran: number}[];
}

/** The words of systemd 247 to 252; of 257; of 262, which names the attribute as the rule does. */
const WRITING = [
  /ATTR '\/sys\/devices\/system\/memory\/(memory\d+)\/(state|online)' writing '([^]*)'$/,
  /Writing ATTR\{'\/sys\/devices\/system\/memory\/(memory\d+)\/(state|online)'\}="([^]*)"\.$/,
  /ATTR\{(?:\[memory\/(memory\d+)\]\/?)?(state|online)\}[^]*: Writing "([^]*)" to sysfs attribute/,
];

/** Reads udevd's log of what rules did in the events of memory blocks: in order for each worker. */
export function parseDeeds(log: readonly string[]): Deed[] {
  const turns = new Map<number, Turn>();
  const done: Turn[] = [];
  for (const line of log) {
    const {MESSAGE, _PID} = entry(line);
    const [, device = '', said = ''] = /^(memory\d+): ([^]*)$/.exec(MESSAGE) ?? [];
    if (device === '') continue;
    const pid = Number(_PID);
    const action = /^Processing device \(SEQNUM=\d+, ACTION=(\w+)[,)]/.exec(said)?.[1];
    if (action !== undefined) {
      const turn: Turn = {pid, device, action, collected: [], ran: 0, at: '', deeds: []};
      turns.set(pid, turn);
      done.push(turn);
      continue;
    }
    const turn = turns.get(pid);
    if (turn && turn.device === device) follow(turn, said);
  }
  return done.flatMap(settled);
}

function follow(turn: Turn, said: string): void {
  const rule = /(?:^|[ (])(\/\S+\.rules:\d+)/.exec(said)?.[1];
  if (rule !== undefined) turn.at = rule;
  const {pid, device, action, at} = turn;
  const base = {pid, device, action, rule: turn.at};
  if (/^Running (?:built-in )?command "/.test(said)) turn.ran += 1;
  else if (/^Starting '/.test(said)) turn.deeds.push({deed: {...base, how: 'program'}, ran: turn.ran});
  else if (rule === undefined) return;
  else if (/^\S+ RUN(?:\{\w+\})?(?: '|\W*=)/.test(said)) turn.collected.push(at === '' ? rule : turn.at);
  else if (said.includes('Failed to write')) refuse(turn, rule, said);
  else {
    const [, block = device, file, word] = WRITING.map((pattern) => pattern.exec(said)).find(Boolean) ?? [];
    if (word !== undefined)
      turn.deeds.push({deed: {...base, how: 'rule', block, file: file as 'state' | 'online', word}, ran: 0});
  }
}

/** The last write of that rule was refused. A write to something else is none of ours. */
function refuse({deeds}: Turn, rule: string, said: string): void {
  const last = deeds.at(-1);
  if (!last || last.deed.rule !== rule || !/\b(?:state|online)\b(?=[}"])/.test(said)) return;
  last.deed = {...last.deed, errno: errnoOf(said)};
}

/** Only when all was run it is known whose it was: the last ones collected, for `=` drops what was there. */
function settled({deeds, collected, ran}: Turn): Deed[] {
  const from = collected.length - ran;
  return deeds.map(({deed, ran: at}) => (at === 0 ? deed : {...deed, rule: collected[from + at - 1] ?? deed.rule}));
}
