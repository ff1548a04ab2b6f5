import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, relative} from 'node:path';
import test from 'ava';
import {ESLint} from 'eslint';
import {parser} from 'typescript-eslint';
import {boundariesOf} from './boundaries.js';
import {layers} from './layers.js';

const names = Object.keys(layers);

/** A tree with one file in each folder, so that the rules are tried on all of them whatever exists in the real one. */
async function tree(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'memhp-boundaries-'));
  for (const folder of [...names, 'lib/stray', 'tools/stray']) {
    await mkdir(join(root, folder), {recursive: true});
    await writeFile(join(root, folder, 'it.ts'), '');
  }
  return root;
}

let root = '';
test.before(async () => {
  root = await tree();
});
test.after.always(() => rm(root, {recursive: true, force: true}));

/** Lints `source` as if it stood in `folder`, and returns the lines that break a boundary. */
async function brokenLines(folder: string, source: string[], file = 'it.ts'): Promise<number[]> {
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    overrideConfig: [{files: ['**/*.ts'], languageOptions: {parser}}, boundariesOf(root)],
  });
  const [result] = await eslint.lintText(source.join('\n'), {filePath: join(root, folder, file)});
  const messages = result?.messages ?? [];
  const crash = messages.find(({ruleId}) => ruleId === null);
  if (crash) throw new Error(crash.message);
  return messages.map(({line}) => line);
}

const specifier = (from: string, to: string): string => `${relative(from, to).replace(/^(?!\.)/, './')}/it.ts`;

/** Folders that a file in `from` may import, as the linter sees it. */
async function allowed(from: string): Promise<string[]> {
  const broken = await brokenLines(
    from,
    names.map((to) => `import '${specifier(from, to)}';`),
  );
  return names.filter((_name, index) => !broken.includes(index + 1));
}

test('every folder imports what its layer may, and nothing else', async (t) => {
  for (const [from, others] of Object.entries(layers)) {
    t.deepEqual((await allowed(from)).sort(), [from, ...others].sort(), from);
  }
});

test('the boundaries of the design hold', async (t) => {
  t.deepEqual(await allowed('suites'), ['lib/conformance', 'suites']);
  t.deepEqual((await allowed('lib/report')).sort(), ['lib/report', 'lib/results', 'lib/util']);
  t.deepEqual(await allowed('lib/util'), ['lib/util']);
  for (const layer of ['lib/vmm/qemu', 'lib/shell', 'lib/console', 'lib/image', 'lib/udev']) {
    t.false(
      (await allowed(layer)).some((other) => /guest|conformance|machine/.test(other)),
      `${layer} knows nothing of memory`,
    );
  }
  for (const layer of names.filter((name) => !name.startsWith('tools/'))) {
    t.false(
      (await allowed(layer)).some((other) => other.startsWith('tools/')),
      `${layer} is the product, and knows nothing of what checks it`,
    );
  }
});

test('type imports, re-exports and dynamic imports count as imports', async (t) => {
  const other = specifier('lib/util', 'lib/guest');
  const source = [`import type {A} from '${other}';`, `export * from '${other}';`, `await import('${other}');`];
  t.deepEqual(await brokenLines('lib/util', source), [1, 2, 3]);
});

test('suites import no package, and the bootstrap none of npm', async (t) => {
  const source = ["import 'node:fs';", "import 'execa';"];
  t.deepEqual(await brokenLines('suites', source), [1, 2]);
  t.deepEqual(await brokenLines('lib/bootstrap', source), [2]);
  t.deepEqual(await brokenLines('lib/guest', source), []);
});

test('a folder without a layer is refused, and so is an import that leads nowhere', async (t) => {
  t.deepEqual(await brokenLines('lib/stray', ['export {};']), [1]);
  t.deepEqual(await brokenLines('tools/stray', ['export {};']), [1]);
  t.deepEqual(await brokenLines('lib/cli', ["import '../stray/it.ts';", "import './missing.ts';"]), [1, 2]);
});

test('tests are free', async (t) => {
  t.deepEqual(await brokenLines('lib/util', [`import '${specifier('lib/util', 'lib/cli')}';`], 'it.test.ts'), []);
});
