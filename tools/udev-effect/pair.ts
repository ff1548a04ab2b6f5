import {inForce} from '../../lib/conformance/udev/reading.ts';
import {parseRules} from '../../lib/udev/rules/parse.ts';
import type {RulesFile} from '../../lib/udev/rules/rule.ts';
import type {Subject} from './subject.ts';
import type {Known, RuleText, Tried} from './guest.ts';
import {judge, type Predict, type Verdict} from './judge.ts';
import {readSeen, type Elsewhere} from './seen.ts';
import {whyElsewhere, whyRefused, whyRestless} from './reasons.ts';
import type {Evidence} from './trial.ts';

/** A difference that is more than a verdict on one event, with its reason where one is known. */
export interface Beside {
  readonly text: string;
  readonly because: string | undefined;
}

/** All that a pair of rules and guest came to. */
export interface Outcome {
  readonly subject: Subject;
  readonly guest: string;
  readonly policy: Tried;
  readonly verdicts: readonly Verdict[];
  readonly beside: readonly Beside[];
  readonly kind: 'agrees' | 'depends' | 'explained' | 'differs';
}

const parsed = new WeakMap<RuleText, RulesFile>();

/** A file as udevd keeps it; those of a guest are read once. */
function parse(file: RuleText): RulesFile {
  const known = parsed.get(file) ?? parseRules(file.path, Buffer.from(file.text, 'latin1'));
  parsed.set(file, known);
  return known;
}

/** The rules of a guest with those that are tried in it, as its udevd has them in force. */
export function filesOf({rules}: Pick<Known, 'rules'>, subject: Subject): RulesFile[] {
  const all = [...rules.filter(({path}) => !subject.files.some((one) => one.path === path)), ...subject.files];
  // Those of the administrator come first, as udevd looks for them.
  const order = ['/etc/', '/run/', '/usr/local/', '/usr/lib/', '/lib/'];
  const rank = ({path}: RuleText): number => order.findIndex((start) => path.startsWith(start));
  const texts = [...all].sort((a, b) => rank(a) - rank(b));
  return inForce(texts.map((file) => ({path: file.path, bytes: Buffer.alloc(0), file}))).map(({path}) => {
    const file = texts.find((one) => one.path === path);
    return file ? parse(file) : parseRules(path, Buffer.alloc(0));
  });
}

/**
 * Compares all that was seen of a pair with what is predicted. Throws Broken where the guest's answers do not fit
 * together.
 */
export function judgePair(place: Known, subject: Subject, policy: Tried, told: Evidence, predict: Predict): Outcome {
  const files = filesOf(place, subject);
  const {seen, elsewhere, restless} = readSeen(told, place.where.kernel);
  const judged = seen.map((one) => judge(files, place.where, one, predict));
  const refusals = judged.filter(isOnlyRefused).flatMap((verdict) => {
    const because = whyRefused(verdict.seen, files);
    return because === undefined
      ? []
      : [{verdict, text: `memory${verdict.seen.block}: ${verdict.differences.join()}`, because}];
  });
  const verdicts = judged.map((one): Verdict =>
    refusals.some(({verdict}) => verdict === one) ? {...one, kind: 'agrees', differences: []} : one,
  );
  const beside: Beside[] = [
    ...refusals.map(({text, because}) => ({text, because})),
    ...elsewhere.map((one) => ({text: textOf(one), because: whyElsewhere(one, files)})),
    ...(restless
      ? [
          {
            text: `udevd does not come to rest after ${restless.event}: ${restless.states.replaceAll('\n', ' ')}`,
            because: whyRestless(restless.states),
          },
        ]
      : []),
  ];
  const differs = verdicts.some(({kind}) => kind === 'differs') || beside.some(({because}) => because === undefined);
  const kind = differs
    ? 'differs'
    : beside.length > 0
      ? 'explained'
      : verdicts.some((one) => one.kind === 'depends')
        ? 'depends'
        : 'agrees';
  return {subject, guest: place.name, policy, verdicts, beside, kind};
}

/** Is all that differs that writes were refused, where none was predicted? */
const isOnlyRefused = ({differences}: Verdict): boolean =>
  differences.length === 1 && differences[0]?.startsWith('refused writes: predicted none') === true;

const textOf = ({event, block, state, deed}: Elsewhere): string =>
  `${block} goes ${state} in the event of ${event} by ${deed?.rule ?? 'nobody who is known'}`;
