import type {Answer} from './answer.ts';
import {policyOf} from './answer.ts';
import type {Fate, Fates, Zone} from './fate.ts';
import type {Step} from './policy.ts';

const INTO: Readonly<Record<Zone, string>> = {
  Normal: 'into Normal',
  Movable: 'into Movable',
  ratio: 'into Movable as long as there is not more of that than auto_movable_ratio allows, else into Normal',
};

/** The answer in one sentence: will plugged memory be used, by whom, into which zone, can it be unplugged. */
export function sentenceOf(answer: Answer): string {
  if (answer.never) return `Plugged memory is not used: ${answer.never.why}.`;
  const {fates, dependsOn} = answer.plugged;
  const ways = fates.map((fate) => wayOf(fate, answer)).join(', or ');
  const used = new Set(fates.map(({state}) => state));
  const head =
    used.size > 1
      ? 'Whether plugged memory is used depends'
      : used.has('online')
        ? 'Plugged memory is used'
        : 'Plugged memory stays unused';
  const on = dependsOn.length > 0 && used.size > 1 ? ` on ${dependsOn.join(' and ')}` : '';
  const how =
    dependsOn.length > 0 && used.size === 1 && fates.length > 1 ? ` (which depends on ${dependsOn.join(' and ')})` : '';
  return `${head}${on}: ${ways}${how}; ${unplugOf(answer)}.`;
}

/** The same of memory devices that are there when the system boots; nothing where they fare like plugged ones. */
export function bootSentenceOf(answer: Answer): string | undefined {
  const {atBoot, plugged} = answer;
  if (answer.never || same(atBoot, plugged)) return undefined;
  const ways = atBoot.fates.map((fate) => wayAtBoot(fate)).join(', or ');
  return `Memory devices that are there when it boots fare otherwise: ${ways}.`;
}

const same = (a: Fates, b: Fates): boolean => fateKey(a) === fateKey(b);
const fateKey = ({fates}: Fates): string => JSON.stringify(fates.map(({state, zone}) => [state, zone]).sort());

function wayOf(fate: Fate, answer: Answer): string {
  const policy = policyOf(answer);
  const last = answer.chain.steps.at(-1);
  const by = (step: Step | undefined): string => (step ? `, by ${step.by}` : '');
  if (fate.by === 'nobody')
    return fate.who === undefined
      ? `nobody onlines it (auto_online_blocks is ${policy ?? 'offline'}${by(last)}; no rule, unit or script does)`
      : `${fate.who} takes it offline`;
  const into = fate.zone === undefined ? '' : ` ${INTO[fate.zone]}`;
  if (fate.by === 'kernel')
    return (
      `the kernel onlines it (auto_online_blocks is ` +
      `${policy ?? 'not offline'}${policy === undefined ? '' : by(last)})${into}`
    );
  return `${whoOnlines(fate)}${into}`;
}

function wayAtBoot(fate: Fate): string {
  if (fate.by === 'nobody') return 'nobody onlines them';
  const into = fate.zone === undefined ? '' : ` ${INTO[fate.zone]}`;
  return `${(fate.by === 'kernel' ? 'the kernel onlines them' : whoOnlines(fate)).replace('onlines it', 'onlines them')}${into}`;
}

const whoOnlines = ({by, who = ''}: Fate): string =>
  by === 'udev'
    ? `udev onlines it (${who})`
    : by === 'program'
      ? `a program that udev runs onlines it (${who})`
      : `${who} onlines it`;

function unplugOf({plugged: {fates}, hotremove}: Answer): string {
  if (!hotremove) return 'it can never be unplugged, as the kernel was built without CONFIG_MEMORY_HOTREMOVE';
  const zones = new Set(fates.map(({zone}) => zone));
  return zones.has('Normal') || zones.has('ratio')
    ? zones.size > 1 || zones.has('ratio')
      ? "what is in Normal can be unplugged only while the kernel doesn't use it"
      : "it can be unplugged only while the kernel doesn't use it"
    : 'it can be unplugged';
}
