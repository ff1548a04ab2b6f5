import type {CaseGuest} from './guest.ts';
import {PARAMETERS} from './sysfs.ts';

/** A parameter that can be written while the kernel runs. */
export type Parameter = 'online_policy' | 'auto_movable_ratio' | 'auto_movable_numa_aware';

/** A parameter's value; undefined where it can't be read. */
export const readParameter = (guest: CaseGuest, name: string): Promise<string | undefined> =>
  guest.read(`${PARAMETERS}/${name}`);

/**
 * Sets parameters, in the order given, as one step. Ends the case where the guest refuses one or reads something else
 * afterwards. Needs `kernel>=5.15`.
 */
export async function setParameters(
  guest: CaseGuest,
  values: Readonly<Partial<Record<Parameter, string | number>>>,
): Promise<void> {
  const {session} = guest;
  const wanted = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  const seen = await guest.step(
    `set ${Object.entries(wanted)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
    async () => {
      const answers: Record<string, string> = {};
      for (const [name, value] of Object.entries(wanted)) {
        const {words} = await session.writeFile(`${PARAMETERS}/${name}`, value);
        answers[name] = words || ((await guest.read(`${PARAMETERS}/${name}`)) ?? 'not readable');
      }
      return answers;
    },
  );
  session.checks.require(seen, wanted, 'the parameters read what was written to them');
}
