// `npm test`: lint, types, unit tests, then tests with real guests. The last line says `N passed, N failed`.
import {tapOf, writeJunit} from './junit.ts';
import {ava, command, type Result} from './parts.ts';

/** What the formatter lays out. */
const FORMATTED = ['lib', 'suites', 'tools', '*.js'];

const parts: Record<string, () => Promise<Result>> = {
  lint: () => command('eslint', ['--max-warnings=0', '.']),
  format: () => command('prettier', ['--check', '--log-level=warn', ...FORMATTED]),
  types: () => command('tsc', ['--noEmit']),
  unit: () => ava('unit', false),
  guest: () => ava('guest', true),
};

/** Parts that only read the sources. */
const STATIC: readonly string[] = ['lint', 'format', 'types'];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0) {
  process.stderr.write(
    `memhp: npm test has no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}\n`,
  );
  process.exit(2);
}

const results = new Map<string, Result>();
const carryOut = async (name: string): Promise<void> => {
  const result = await parts[name]?.().catch((error: unknown) => ({
    passed: 0,
    failed: [String(error)],
    summary: 'could not run',
  }));
  if (!result) return;
  results.set(name, result);
  process.stdout.write(`${name}: ${result.summary}\n`);
};
const wanted = Object.keys(parts).filter((name) => asked.length === 0 || asked.includes(name));
// Those that read the sources use one processor each; the others use all that there are.
await Promise.all(wanted.filter((name) => STATIC.includes(name)).map(carryOut));
for (const name of wanted.filter((one) => !STATIC.includes(one))) await carryOut(name);

await writeJunit('project', tapOf(new Map([...results].filter(([name]) => STATIC.includes(name)))));
const failed = [...results].flatMap(([name, {failed: titles, why}]) =>
  titles.map((title) => [`  ${name} › ${title}`, ...(why?.get(title) ?? [])].join('\n')),
);
if (failed.length > 0) process.stdout.write(`\nFailed:\n${failed.join('\n')}\n`);
const passed = [...results.values()].reduce((sum, result) => sum + result.passed, 0);
process.stdout.write(`\n${passed} passed, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
