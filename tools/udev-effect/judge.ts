import type {RulesFile} from '../../lib/udev/rules/rule.ts';
import {kstrtobool} from '../../lib/udev/follow/kstrtobool.ts';
import type {predict} from '../../lib/udev/predict/predict.ts';
import type {Happening, Outcome, Prediction, Refused, Where} from '../../lib/udev/predict/types.ts';
import {stateWords} from '../../lib/udev/predict/effect.ts';
import {policies} from '../../lib/udev/guest.ts';
import {Broken} from '../../lib/util/errors.ts';
import type {Seen} from './seen.ts';

/** Says what rules do; of the project itself in lib/udev/predict. */
export type Predict = typeof predict;

/** What was predicted for an event of a block, what was seen, and how the two compare. */
export interface Verdict {
  readonly seen: Seen;
  readonly prediction: Prediction;
  /**
   * `agrees`; `depends`: what was seen is one of several things predicted, and what it depends on is named; `differs`.
   */
  readonly kind: 'agrees' | 'depends' | 'differs';
  /** Of a difference: each thing that differs, as `NAME: predicted …, seen …`. */
  readonly differences: readonly string[];
}

/** Compares what was predicted for an event with what was seen. */
export function judge(
  files: readonly RulesFile[],
  where: Omit<Where, 'policy'>,
  seen: Seen,
  predicts: Predict,
): Verdict {
  const policy = policies.find((one) => one === seen.policyBefore);
  if (policy === undefined) throw new Broken(`auto_online_blocks of the guest is "${seen.policyBefore}"`);
  const prediction = predicts(files, {...where, policy}, happening(seen));
  const compared = prediction.outcomes.map((outcome) => differencesOf(outcome, seen, {files, where}));
  const [first = ['nothing was predicted']] = [...compared].sort((a, b) => a.length - b.length);
  if (first.length > 0) return {seen, prediction, kind: 'differs', differences: first};
  if (prediction.outcomes.length === 1) return {seen, prediction, kind: 'agrees', differences: []};
  if (prediction.dependsOn.length > 0) return {seen, prediction, kind: 'depends', differences: []};
  return {
    seen,
    prediction,
    kind: 'differs',
    differences: [`${prediction.outcomes.length} outcomes are predicted, and it is not said what it depends on`],
  };
}

/** What decides which of the writes that were refused anybody tells of. */
interface Told {
  readonly files: readonly RulesFile[];
  readonly where: Omit<Where, 'policy'>;
}

function happening({event, block, before}: Seen): Happening {
  if (event === 'plug') return {kind: 'plug', block};
  if (before?.state !== 'online' && before?.state !== 'offline')
    throw new Broken(`memory${block} is "${before?.state ?? 'not there'}" before its event`);
  return {kind: 'trigger', block, state: before.state, ...(before.state === 'online' ? {zone: before.zones[0]} : {})};
}

function differencesOf(outcome: Outcome, seen: Seen, told: Told): string[] {
  const zone = {default: seen.byDefault, kernel: 'Normal', Movable: 'Movable', unchanged: undefined}[outcome.zone];
  const compare = (name: string, predicted: string | undefined, actual: string | undefined): string[] =>
    predicted === actual ? [] : [`${name}: predicted ${predicted ?? 'none'}, seen ${actual ?? 'none'}`];
  return [
    ...compare('state', outcome.state, seen.state),
    ...compare('zone', zone, seen.zone),
    ...compare('who', outcome.by, seen.by),
    ...compare('rule', outcome.rule, seen.rule),
    ...compare('auto_online_blocks', outcome.policy, seen.policy),
    ...(outcome.onlinePolicy === undefined ? [] : compare('online_policy', outcome.onlinePolicy, seen.onlinePolicy)),
    ...refusals(outcome.refused, seen, told),
  ];
}

/** The writes that were refused, in order. Those that may be refused are left out where they were not. */
function refusals(predicted: readonly Refused[], {refused: seen}: Seen, told: Told): string[] {
  const rest = [...predicted];
  const extra: string[] = [];
  for (const one of seen) {
    const at = rest.findIndex(
      (refused) =>
        refused.rule === one.rule &&
        refused.file === one.file &&
        refused.errno === one.errno &&
        (one.word === undefined || refused.word === one.word),
    );
    if (at < 0 || rest.slice(0, at).some((before) => before.certain && isTold(before, told))) extra.push(textOf(one));
    else rest.splice(0, at + 1);
  }
  const missing = rest.filter((one) => one.certain && isTold(one, told)).map(textOf);
  return extra.length + missing.length === 0
    ? []
    : [`refused writes: predicted ${listOf(predicted)}, seen ${listOf(seen)}`];
}

/**
 * A word that the kernel does not know reaches none of its functions: udevd tells of it where a rule wrote it, nobody
 * where a program did.
 */
function isTold({rule, word, file, errno}: Refused, {files, where}: Told): boolean {
  const known = file === 'online' ? kstrtobool(word, where.kernel) !== undefined : stateWords.includes(word);
  return (
    errno !== 'EINVAL' ||
    known ||
    files.some(({path, rules}) =>
      rules.some(
        ({source, tokens}) =>
          tokens.some(({key, op}) => key === 'ATTR' && op === '=') &&
          source.parts.some(({line}) => rule === `${path}:${line}`),
      ),
    )
  );
}

const textOf = ({
  rule,
  file,
  word,
  errno,
}: {
  rule: string;
  file: string;
  word?: string | undefined;
  errno: string;
}): string => `${errno} for ${word === undefined ? 'a word' : JSON.stringify(word)} into ${file} by ${rule}`;
const listOf = (all: readonly Parameters<typeof textOf>[0][]): string =>
  all.length === 0 ? 'none' : all.map(textOf).join('; ');
