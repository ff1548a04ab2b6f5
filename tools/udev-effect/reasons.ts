import type {RulesFile} from '../../lib/udev/rules/rule.ts';
import type {Elsewhere} from './seen.ts';

/** Why a block is changed in the event of another one: the rule's program goes through all of them, which a prediction for one block leaves out. */
export function whyElsewhere({deed}: Elsewhere, files: readonly RulesFile[]): string | undefined {
  const text = files
    .flatMap(({path, rules}) =>
      rules.filter(({source}) => source.parts.some(({line}) => deed?.rule === `${path}:${line}`)),
    )
    .map(({source}) => source.text)
    .join('\n');
  return /\/memory(?:\*|\[)/.test(text) ? `the program of ${deed?.rule ?? ''} goes through all blocks` : undefined;
}

/** Why udevd does not come to rest: offlining a block that is not in Movable may go on for ever, and a signal alone ends it (linux, admin-guide/mm/memory-hotplug). */
export const whyRestless = (states: string): string | undefined =>
  /going-offline/.test(states)
    ? "a rule takes a block offline that holds pages which can't be moved, and the kernel tries for ever"
    : undefined;
