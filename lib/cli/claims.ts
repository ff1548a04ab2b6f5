import {gaps, readClaims, trace} from '../run/claims.ts';
import {loadSuites} from '../run/suites.ts';

/** `memhp claims`: 1 where a claim has no case. */
export async function claimsCommand(json: boolean): Promise<number> {
  const cases = await loadSuites();
  const traced = trace(await readClaims(), cases);
  const missing = gaps(traced, cases);
  if (json) process.stdout.write(`${JSON.stringify(traced, undefined, 2)}\n`);
  else {
    const width = Math.max(...traced.map(({id}) => id.length));
    for (const {id, level, statement, cases: ids, reason} of traced) {
      process.stdout.write(
        `${id.padEnd(width)}  ${level.padEnd(6)}  ` +
          `${statement}\n${' '.repeat(width + 10)}${ids.length > 0 ? ids.join(', ') : `no case: ${reason ?? 'MISSING'}`}\n`,
      );
    }
  }
  if (!json) {
    const tested = traced.filter(({cases: ids}) => ids.length > 0).length;
    const untestable = traced.filter(({cases: ids, reason}) => ids.length === 0 && reason !== undefined).length;
    process.stdout.write(
      `\n${traced.length} claims: ${tested} have a case (${cases.length} cases in all), ${untestable} can't ` +
        `be tested and say why, ${missing.length} missing\n`,
    );
  }
  for (const line of missing) process.stderr.write(`memhp: ${line}\n`);
  return missing.length > 0 ? 1 : 0;
}
