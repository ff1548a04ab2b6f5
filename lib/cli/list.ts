import {profiles} from '../machine/profile.ts';
import {loadSuites, selectCases} from '../run/suites.ts';

/** `memhp list` */
export async function listCommand(patterns: string[], json: boolean): Promise<void> {
  const cases = selectCases(await loadSuites(), patterns);
  if (json) {
    const rows = cases.map(({id, suite, title, claims, needs = [], boot, machine}) => ({
      id,
      suite,
      title,
      claims,
      needs,
      boot: boot?.append ?? '',
      machine: machine ?? profiles[0]?.name,
    }));
    process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    return;
  }
  const width = Math.max(...cases.map(({id}) => id.length));
  for (const {id, title} of cases) process.stdout.write(`${id.padEnd(width)}  ${title}\n`);
}
