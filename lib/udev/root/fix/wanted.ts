import type {Answer} from '../answer.ts';
import type {Fates} from '../fate.ts';

/** What may be wanted of plugged memory: in Movable, in a kernel zone, or left offline for somebody to decide. */
export const wants = ['movable', 'normal', 'offline'] as const;
export type Want = (typeof wants)[number];

/** The kernel's word for it, as policy and as state. `online` might go to Movable: auto-movable, movable_node. */
export const wordOf: Readonly<Record<Want, 'online_movable' | 'online_kernel' | 'offline'>> = {
  movable: 'online_movable',
  normal: 'online_kernel',
  offline: 'offline',
};

/** Whether it is certain to come as it is wanted. */
export const fulfils = (want: Want, {fates}: Fates): boolean =>
  fates.length > 0 &&
  fates.every(({state, zone}) =>
    want === 'offline'
      ? state === 'offline'
      : state === 'online' && zone === (want === 'movable' ? 'Movable' : 'Normal'),
  );

export const answers = (want: Want, answer: Answer): boolean =>
  answer.never === undefined && fulfils(want, answer.plugged);
