// `npm run udev-verify`: whether the lint reads rules as udevd does, asked of udevadm verify: on the rule files of
// Debian's packages, and on
// strange and broken ones. Writes docs/udev-verify.md, and what udevadm says of the strange ones to
// lib/udev/fixtures/strange.json.
import {mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, relative} from 'node:path';
import {messageOf} from '../../lib/util/errors.ts';
import {cacheDir, root} from '../../lib/util/paths.ts';
import {strange} from '../../lib/udev/fixtures/strange.ts';
import {lintFiles} from '../../lib/udev/lint/files.ts';
import {isForMemory} from '../../lib/udev/lint/writes.ts';
import {parseRules} from '../../lib/udev/rules/parse.ts';
import {writesState} from '../../lib/udev/predict/writes.ts';
import {suites} from './apt.ts';
import {differences, readOf, saidOf} from './compare.ts';
import {debianRules, type Debian} from './packages.ts';
import {pageOf, type Asked, type Difference} from './page.ts';
import {reasonFor} from './reasons.ts';
import {udevadmOf, type Said, type Udevadm} from './udevadm.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** A rules file that is asked about. */
interface Subject {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

async function packagedFiles({dir}: Debian): Promise<Subject[]> {
  const found: Subject[] = [];
  for (const name of (await readdir(dir, {recursive: true})).sort()) {
    const path = join(dir, name);
    if (name.endsWith('.rules') && !name.includes('.part/') && (await stat(path)).isFile())
      found.push({name, path, bytes: await readFile(path)});
  }
  return found;
}

async function strangeFiles(dir: string): Promise<Subject[]> {
  return await Promise.all(
    Object.entries(strange).map(async ([name, text], i) => {
      const path = join(dir, `${i}.rules`);
      const bytes = Buffer.from(text, 'latin1');
      await writeFile(path, bytes);
      return {name, path, bytes};
    }),
  );
}

function compare(udevadm: Udevadm, kind: string, subjects: readonly Subject[], said: ReadonlyMap<string, Said>): Asked {
  const version = Number(udevadm.version);
  const found: Difference[] = [];
  let lines = 0;
  for (const {name, path, bytes} of subjects) {
    const answer = said.get(path);
    if (!answer) continue;
    const read = readOf(parseRules(name, bytes), version);
    lines += saidOf(answer).issues.length;
    const differs = differences(saidOf(answer), read);
    if (differs.length > 0) found.push({name, differs, reason: reasonFor(name, version)});
  }
  const fails = [...said.values()].filter(({passes}) => !passes).length;
  return {suite: udevadm.suite, version, kind, files: subjects.length, fails, remarks: lines, differences: found};
}

/** What the lint says of a release's files about memory. */
function aboutMemory(subjects: readonly Subject[]): {findings: string[]; own: string[]; writes: number} {
  const {files, findings} = lintFiles(subjects.map(({name, bytes}) => ({path: name, bytes})));
  return {
    findings: findings.filter(({id}) => id.startsWith('memory/')).map(({id, file, line}) => `${id} ${file}:${line}`),
    own: findings
      .filter(({level, file}) => level !== 'info' && /^[^/]+\/udev_/.test(file))
      .map(({id, file, line}) => `${id} ${file.slice(file.lastIndexOf('/') + 1)}:${line}`),
    writes: files.flatMap(({rules}) => rules).filter((rule) => rule.tokens.some(writesState) && isForMemory({rule}))
      .length,
  };
}

async function main(): Promise<number> {
  const cache = join(cacheDir(), 'udev-verify');
  const debian = await debianRules(cache, say);
  const packaged = await packagedFiles(debian);
  const dir = await mkdtemp(join(tmpdir(), 'memhp-strange-'));
  const asked: Asked[] = [];
  const recorded: Record<string, Record<string, string>> = {};
  try {
    const odd = await strangeFiles(dir);
    for (const suite of ['trixie', 'sid'] as const) {
      const udevadm = await udevadmOf(cache, suite);
      const ofOdd = await udevadm.verify(odd.map(({path}) => path));
      recorded[udevadm.version] = Object.fromEntries(
        odd.map(({name, path}) => [name, saidOf(ofOdd.get(path) ?? {passes: true, issues: []}).issues.join(', ')]),
      );
      asked.push(
        compare(udevadm, 'packages', packaged, await udevadm.verify(packaged.map(({path}) => path))),
        compare(udevadm, 'strange', odd, ofOdd),
      );
    }
  } finally {
    await rm(dir, {recursive: true});
  }
  await writeFile(join(root, 'lib/udev/fixtures/strange.json'), `${JSON.stringify(recorded, undefined, 1)}\n`);
  const distinct = new Set(packaged.map(({bytes}) => Buffer.from(bytes).toString('latin1'))).size;
  const counts = suites.map((suite) => ({
    suite,
    packages: debian.packages.filter((one) => one.suite === suite).length,
    files: packaged.filter(({name}) => name.startsWith(`${suite}/`)).length,
  }));
  const found = suites.map((suite) => ({
    suite,
    ...aboutMemory(packaged.filter(({name}) => name.startsWith(`${suite}/`))),
  }));
  const page = pageOf({asked, counts, distinct, found, missing: debian.missing});
  await writeFile(join(root, 'docs/udev-verify.md'), page);
  process.stdout.write(page);
  say(`written: docs/udev-verify.md, ${relative(root, join(root, 'lib/udev/fixtures/strange.json'))}`);
  return asked.some((one) => one.differences.some(({reason}) => reason === undefined)) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`memhp: ${messageOf(error)}`);
  process.exitCode = 2;
}
