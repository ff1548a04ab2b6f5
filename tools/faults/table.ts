import {kinds} from './kinds.ts';
import type {Round} from './round.ts';

/** What came of the rounds, by kind, in Markdown. */
export function tableOf(ended: readonly Round[]): string {
  const rows = kinds.flatMap(({name, what}) => {
    const own = ended.filter(({kind}) => kind === name);
    if (own.length === 0) return [];
    const sum = (outcomes: readonly string[]): number =>
      own.reduce((total, round) => total + outcomes.reduce((part, one) => part + (round.outcomes[one] ?? 0), 0), 0);
    const longest = Math.max(...own.map(({seconds}) => seconds));
    return [
      `| ${[name, what, own.length, own.filter(({hit}) => hit).length, sum(['pass', 'known', 'skip']), sum(['broken']), sum(['none']), own.filter(({problems}) => problems.length > 0).length, `${longest.toFixed(0)} s`].join(' | ')} |`,
    ];
  });
  return [
    '| kind | what | rounds | hit | true verdicts | broken | no record | wrong | longest run |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
