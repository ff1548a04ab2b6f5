import type {RulesFile} from '../../lib/udev/rules/rule.ts';
import type {Elsewhere, Seen} from './seen.ts';

/**
 * Why a block is changed in the event of another one: the rule's program goes through all of them, which a prediction
 * for one block leaves out.
 */
export const whyElsewhere = ({deed}: Elsewhere, files: readonly RulesFile[]): string | undefined =>
  goesThroughAll(deed?.rule, files) ? `the program of ${deed?.rule ?? ''} goes through all blocks` : undefined;

function goesThroughAll(rule: string | undefined, files: readonly RulesFile[]): boolean {
  const text = files
    .flatMap(({path, rules}) => rules.filter(({source}) => source.parts.some(({line}) => rule === `${path}:${line}`)))
    .map(({source}) => source.text)
    .join('\n');
  return /\/memory(?:\*|\[)/.test(text);
}

/**
 * Why writes are refused that a prediction for one block leaves out: a plug has two blocks, so a program that goes
 * through all of them runs twice at once, and each may write a state that the other has just written (EINVAL).
 */
export const whyRefused = (
  {event, refused}: Pick<Seen, 'event' | 'refused'>,
  files: readonly RulesFile[],
): string | undefined =>
  event === 'plug' &&
  refused.length > 0 &&
  refused.every(({errno, file, rule}) => errno === 'EINVAL' && file === 'state' && goesThroughAll(rule, files))
    ? `the program of ${refused[0]?.rule ?? ''} runs for both blocks at once, and goes through all blocks`
    : undefined;

/**
 * Why udevd does not come to rest: offlining a block that is not in Movable may go on for ever, and a signal alone ends
 * it (linux, admin-guide/mm/memory-hotplug).
 */
export const whyRestless = (states: string): string | undefined =>
  /going-offline/.test(states)
    ? "a rule takes a block offline that holds pages which can't be moved, and the kernel tries for ever"
    : undefined;
