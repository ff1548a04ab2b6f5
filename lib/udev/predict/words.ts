import type {Outcome} from './types.ts';

/** An outcome in a few words: `online Movable by rule line 6 refused state="online" EINVAL`; `?`: on some ways only. */
export function inWords({state, zone, by, rule, refused, policy, onlinePolicy}: Outcome, before: string): string {
  const told = refused.map(
    ({file, word, errno, certain}) => `${file}=${JSON.stringify(word)} ${errno}${certain ? '' : '?'}`,
  );
  return [
    state,
    zone === 'unchanged' ? '' : zone,
    by === 'nobody' ? '' : `by ${by}`,
    rule === undefined ? '' : `line ${rule.replace(/^.*:/, '')}`,
    told.length > 0 ? `refused ${told.join(', ')}` : '',
    policy === before ? '' : `policy ${policy}`,
    onlinePolicy === undefined ? '' : `online_policy ${onlinePolicy}`,
  ]
    .filter((word) => word !== '')
    .join(' ');
}
