import {GuestPanic} from '../../console/console.ts';
import {differenceSentence} from '../../results/difference.ts';
import type {Check, Outcome, Record} from '../../results/record.ts';
import {messageOf} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import {Deviation} from './checks.ts';
import {applies, explains, isStale, type KnownDeviation} from './known.ts';
import type {Terms} from './terms.ts';

interface Ended {
  readonly caseId: string;
  readonly kernel: string;
  readonly guest: string;
  readonly checks: readonly Check[];
  /** In which recorded values are counted; none where the guest was never seen. */
  readonly terms?: Terms | undefined;
  /** What ended the body early, if anything did. */
  readonly error: unknown;
}

/** A record's verdict and what it rests on. */
export type Judgement = Pick<Record, 'outcome' | 'reason' | 'checks' | 'known' | 'stale'>;

/**
 * A panic that somebody asked for says nothing about the guest: in it, or by the monitor's NMI, because nothing else in
 * QEMU sends one without a reason.
 */
const ASKED_FOR = /sysrq triggered crash|Kernel panic - not syncing: NMI: Not continuing/;

/**
 * The outcome of a case whose body has ended. A failed check makes it a failure, unless each failed check is
 * exactly a recorded deviation. Anything thrown that is no deviation of the guest leaves it without a verdict.
 */
export function judge(ended: Ended, recorded: readonly KnownDeviation[]): Judgement {
  const {checks: made, error} = ended;
  const here = recorded.filter((known) => applies(known, {...ended, arch: ended.terms?.arch}));
  const checks = made.map((check): Check => {
    const known = here.find((one) => explains(one, check, ended.terms));
    return known ? {...check, known: known.id} : check;
  });
  const stale = here.filter((one) => isStale(one, checks)).map(({id}) => id);
  const known = here
    .filter(({id}) => checks.some((check) => check.known === id))
    .map(({id, explanation, link}) => ({id, explanation: explanation.trim(), link}));
  const rest = {checks, known, stale};
  const unexplained = checks.filter((check) => !check.ok && check.known === undefined);

  if (error instanceof GuestPanic && !ASKED_FOR.test(error.message))
    return {...rest, outcome: 'fail', reason: clean(error.message, 2000)};
  if (error !== undefined && !(error instanceof Deviation)) {
    return {...rest, outcome: 'broken', reason: clean(messageOf(error), 4000)};
  }
  if (unexplained.length > 0)
    return {...rest, outcome: 'fail', reason: unexplained.map((check) => sentence(check)).join('; ')};
  if (known.length > 0) return {...rest, outcome: 'known', reason: known.map(({explanation}) => explanation).join(' ')};
  if (checks.length === 0) return {...rest, outcome: 'broken', reason: 'the case made no check, so it can say nothing'};
  return {...rest, outcome: 'pass' satisfies Outcome, reason: ''};
}

const sentence = ({name, step, ...check}: Check): string =>
  `${name}: ${differenceSentence(check)}${step ? ` (after: ${step})` : ''}`;
