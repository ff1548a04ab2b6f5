import {parseTrace} from '../../lib/conformance/udev/trace.ts';
import {Broken} from '../../lib/util/errors.ts';
import {errnoOfCall, explainCalls, type Explained} from './calls.ts';
import {parseDeeds, type Deed} from './deeds.ts';
import {parseLooks, parseRestless, type BlockSeen, type Look} from './looks.ts';
import {PLUGGED, TRIGGERED, type Evidence} from './trial.ts';
import {zoneByDefault} from './zones.ts';

/** A write that the kernel refused; without a word where a program made it. */
export interface RefusedSeen {
  readonly rule: string;
  readonly file: string;
  readonly word: string | undefined;
  readonly errno: string;
}

/** What became of one block in one event. */
export interface Seen {
  readonly event: 'plug' | 'trigger';
  readonly block: number;
  /** As the event found it; undefined where it came with the event. */
  readonly before: BlockSeen | undefined;
  readonly policyBefore: string;
  readonly state: string;
  /** The zone that it was onlined to in this event; undefined where it was not, or is offline. */
  readonly zone: string | undefined;
  /** What `online` would have chosen at that moment. */
  readonly byDefault: string;
  /** Who changed its state last. */
  readonly by: 'nobody' | 'kernel' | 'rule' | 'program' | 'process';
  readonly rule: string | undefined;
  /** In the event `add` itself, by rules and their programs, in order. */
  readonly refused: readonly RefusedSeen[];
  readonly policy: string;
  readonly onlinePolicy: string | undefined;
}

/** A block that an event of another one has changed. */
export interface Elsewhere {
  readonly event: string;
  readonly block: string;
  readonly state: string;
  readonly deed: Deed | undefined;
}

export interface AllSeen {
  readonly seen: readonly Seen[];
  readonly elsewhere: readonly Elsewhere[];
  /** Where udevd did not come to rest: after which event, and the states of the blocks then. */
  readonly restless: ReturnType<typeof parseRestless>;
}

/** One event: the blocks before and after it, and what the kernel was asked meanwhile. */
interface Moment {
  readonly kind: Seen['event'];
  readonly before: Look;
  readonly after: Look;
  readonly calls: readonly Explained[];
  readonly deeds: readonly Deed[];
}

/** Reads what a guest told of its events. Throws Broken where what it told does not fit together. */
export function readSeen({tasks, looks, told, log}: Evidence, kernel: string): AllSeen {
  const restless = parseRestless(looks);
  if (restless) return {seen: [], elsewhere: [], restless};
  const [traced, deeds, moments] = [parseTrace(tasks, told), parseDeeds(log), parseLooks(looks)];
  const all = explainCalls(traced, deeds, kernel);
  const found = ['plug', ...TRIGGERED.map((block) => `memory${block}`)].map((name, i) => {
    const [before, after] = [moments[i], moments[i + 1]];
    const [from, to] = [traced.marks.get(before?.name ?? ''), traced.marks.get(name)];
    if (!before || after?.name !== name || from === undefined || to === undefined)
      throw new Broken(`the guest has not looked at its blocks as it was asked to, or its trace lacks a mark: ${name}`);
    const own = name === 'plug' ? PLUGGED : [Number(name.replace('memory', ''))];
    const moment: Moment = {
      kind: name === 'plug' ? 'plug' : 'trigger',
      before,
      after,
      deeds,
      calls: all.filter(({call}) => call.seconds > from && call.seconds <= to),
    };
    return {seen: own.map((block) => ofBlock(block, moment)), elsewhere: elsewhereIn(own, moment)};
  });
  return {
    seen: found.flatMap(({seen}) => seen),
    elsewhere: found.flatMap(({elsewhere}) => elsewhere),
    restless: undefined,
  };
}

function ofBlock(block: number, {kind, before, after, calls, deeds}: Moment): Seen {
  const name = `memory${block}`;
  const own = calls.filter(({call}) => call.block === name);
  const done = calls.filter(({call}) => call.result === 0);
  const last = done.findLast(({call}) => call.block === name);
  const now = after.blocks.get(name);
  if (!now) throw new Broken(`${name} is not there after its event`);
  if (last && last.what !== now.state)
    throw new Broken(`by the kernel's trace ${name} went ${last.what} last, and its state is ${now.state}`);
  if (!last && (before.blocks.get(name)?.state ?? 'offline') !== now.state)
    throw new Broken(`${name} has become ${now.state}, and the kernel's trace tells of nobody who did it`);
  return {
    event: kind,
    block,
    before: before.blocks.get(name),
    policyBefore: before.policy,
    state: now.state,
    zone: last?.what === 'online' ? now.zones.join(' ') : undefined,
    byDefault: zoneByDefault(block, before, after, last ? done.slice(0, done.indexOf(last)) : done),
    by: last ? (last.call.file === null ? 'kernel' : (last.deed?.how ?? 'process')) : 'nobody',
    rule: last?.deed?.rule,
    refused: deeds
      .filter(({device, action}) => device === name && action === 'add')
      .flatMap((deed) => refusedOf(name, deed, own)),
    policy: after.policy,
    onlinePolicy: after.onlinePolicy,
  };
}

function refusedOf(name: string, deed: Deed, calls: readonly Explained[]): RefusedSeen[] {
  const {rule, file, word, block} = deed;
  const mine = calls.filter((one) => one.deed === deed).map(({call}) => call);
  if (deed.how === 'program') {
    return mine.flatMap((call) => {
      const errno = errnoOfCall(call);
      return errno === undefined ? [] : [{rule, file: call.file ?? '', word: undefined, errno}];
    });
  }
  // udevd says nothing where the file then says what was written; the kernel has refused it all the same.
  const errno = deed.errno ?? mine.map(errnoOfCall).find((one) => one !== undefined);
  return block !== name || file === undefined || errno === undefined ? [] : [{rule, file, word, errno}];
}

function elsewhereIn(own: readonly number[], {before, after, calls}: Moment): Elsewhere[] {
  return [...after.blocks]
    .filter(
      ([block, {state}]) => !own.some((one) => block === `memory${one}`) && before.blocks.get(block)?.state !== state,
    )
    .map(([block, {state}]) => ({
      event: after.name,
      block,
      state,
      deed: calls.findLast(({call}) => call.block === block && call.result === 0)?.deed,
    }));
}
