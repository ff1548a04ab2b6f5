// A source that memhp doesn't have, added here: what an entry of the table is enough for.
import {createHash} from 'node:crypto';
import {copyFile, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {z} from 'zod';
import {Broken, UsageError} from '../../util/errors.ts';
import {ensureImage, findImage, imageKey} from '../ensure.ts';
import {imageOf, writeEntry} from '../entry.ts';
import {manifestOf} from '../manifest.ts';
import {parseYaml} from '../yaml.ts';
import {keyOf, type GuestSource, type Manifest} from './source.ts';
import {sources} from './sources.ts';

interface Ready {
  readonly file: string;
}
const digest = async ({file}: Ready): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** A disk that somebody else has made. */
const ready: GuestSource<Ready> = {
  title: 'a disk image that is there already',
  schema: z.strictObject({file: z.string()}),
  key: async (manifest, source) => keyOf(manifest, {file: await digest(source)}),
  async build(manifest, source, options) {
    const {name, distro, release, arch, prepare} = manifest;
    const key = keyOf(manifest, {file: await digest(source)});
    return await imageOf(name, key, options, async (dir) => {
      await copyFile(source.file, join(dir, 'disk.qcow2'));
      const from = {boot: {how: 'disk'}, disk: 'disk.qcow2', login: {how: 'ssh'}} as const;
      await writeEntry(dir, {name, distro, release, arch, key, prepare, ...from});
    });
  },
};
const table = {...sources, ready};

const parsed = (source: string, title = 'Toy'): Manifest =>
  parseYaml(
    'toy.yaml',
    `name: toy\ndistro: toy\nrelease: "1"\ntitle: ${title}\narch: amd64\nsource: ${source}\n`,
    manifestOf(table),
  );

test(
  'one more entry in the table is a guest file that parses, an image that is built once, and ' + 'is found',
  async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'memhp-test-'));
    t.teardown(() => rm(dir, {recursive: true}));
    const file = join(dir, 'given.qcow2');
    await writeFile(file, 'a disk');
    const manifest = parsed(`{ready: {file: ${file}}}`);
    const options = {cache: join(dir, 'cache'), log: (): void => undefined};
    t.is(await findImage(manifest, options, table), undefined);
    const image = await ensureImage(manifest, options, table);
    t.like(image, {name: 'toy', boot: {how: 'disk'}, login: {how: 'ssh'}, key: await imageKey(manifest, {}, table)});
    t.is(await readFile(image.disk ?? '', 'utf8'), 'a disk');
    t.deepEqual(await ensureImage(manifest, options, table), image, 'the second time it is the same, of the same hour');
    t.deepEqual(
      await findImage(parsed(`{ready: {file: ${file}}}`, 'Other'), options, table),
      image,
      'a title is no input',
    );
    await writeFile(file, 'another');
    t.is(await findImage(manifest, options, table), undefined);
  },
);

test('editors are told of every source of the table, and of exactly one', (t) => {
  const {source} = z.toJSONSchema(manifestOf(table), {io: 'input'}).properties ?? {};
  t.like(source, {minProperties: 1, maxProperties: 1, properties: {ready: {description: ready.title}}});
  t.deepEqual(Object.keys((source as {properties: object}).properties), [...Object.keys(sources), 'ready']);
});

const NAMES = Object.keys(table).join(', ');

for (const [what, source, message] of [
  ['no source', '{}', `source: expected exactly one of ${NAMES}, seen {}`],
  [
    'two sources',
    '{micro: {}, ready: {file: x}}',
    new RegExp(`^toy\\.yaml:6:9: source: expected exactly one of ${NAMES}, seen .*$`),
  ],
  ['a name that is none', '{redy: {file: x}}', `source: unknown key "redy", expected exactly one of ${NAMES}`],
  ['a fault of its own', '{ready: {file: 1}}', 'source.ready.file: expected string, seen 1'],
] as const) {
  test(`told with one message: ${what}`, (t) => {
    const {message: seen} = t.throws(() => parsed(source), {instanceOf: UsageError});
    if (typeof message === 'string') t.is(seen.replace(/^toy\.yaml:6:\d+: /, ''), message);
    else t.regex(seen, message);
  });
}

test('a manifest of another table is refused by name', async (t) => {
  await t.throwsAsync(ensureImage(parsed('{ready: {file: x}}'), {cache: '/nowhere', log: () => undefined}), {
    instanceOf: Broken,
    message: `toy: its sources are ready, expected one of ${Object.keys(sources).join(', ')}`,
  });
});

test('a micro guest is never found, and says what it lacks', async (t) => {
  const options = {cache: '/nowhere', log: (): void => undefined};
  t.is(await findImage(parsed('{micro: {}}'), options), undefined);
  await t.throwsAsync(ensureImage(parsed('{micro: {}}'), {...options, serve: ''}), {
    instanceOf: UsageError,
    message: /names no kernel package; give the kernel with --kernel/,
  });
});
