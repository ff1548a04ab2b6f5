import {mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {listImages, removeImage} from './cache.ts';
import {readEntry, writeEntry} from './entry.ts';
import {buildEntry, imagesDir} from './store.ts';
import {needTools, runTool} from './tool.ts';

const facts = {
  name: 'toy',
  distro: 'toy',
  release: '1',
  arch: 'amd64',
  key: 'a'.repeat(64),
  boot: {how: 'direct', kernel: 'vmlinuz', initrd: 'initrd.img', append: ''},
  login: {how: 'init'},
  prepare: [],
} as const;

async function withCache(use: (cache: string) => Promise<void>): Promise<void> {
  const cache = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  try {
    await use(cache);
  } finally {
    await rm(cache, {recursive: true});
  }
}

const log = (): void => undefined;

test('an entry appears whole; a failed build leaves nothing; leftovers of killed builds go', async (t) => {
  await withCache(async (cache) => {
    await mkdir(join(imagesDir(cache), '.tmp-old-00112233'), {recursive: true});
    await t.throwsAsync(
      buildEntry('toy', {cache, log}, async (dir) => {
        await writeFile(join(dir, 'half'), '');
        throw new Error('no');
      }),
      {message: 'no'},
    );
    t.deepEqual(await readdir(imagesDir(cache)), []);
    await buildEntry('toy', {cache, log}, async (dir) => {
      await writeEntry(dir, facts);
    });
    t.deepEqual(await readdir(imagesDir(cache)), ['toy']);
    t.like((await readEntry(cache, 'toy'))?.boot, {how: 'direct', kernel: join(imagesDir(cache), 'toy', 'vmlinuz')});
    t.deepEqual(
      (await listImages(cache)).map(({id, image}) => [id, image?.name]),
      [['toy', 'toy']],
    );
    await removeImage(cache, 'toy');
    t.deepEqual(await listImages(cache), []);
  });
});

test('of two that want the same entry one builds and the other waits and says so', async (t) => {
  await withCache(async (cache) => {
    const said: string[] = [];
    let builds = 0;
    let started = (): void => undefined;
    const underWay = new Promise<void>((resolve) => {
      started = resolve;
    });
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const build = async (): Promise<void> => {
      builds += 1;
      started();
      await finished;
    };
    const first = buildEntry('toy', {cache, log}, build);
    await underWay;
    const second = buildEntry(
      'toy',
      {
        cache,
        log: (line) => {
          said.push(line);
          finish();
        },
      },
      build,
    );
    await Promise.all([first, second]);
    t.is(builds, 1);
    t.deepEqual(said, ['toy: another memhp is making it (or was killed at it a moment ago); waiting']);
  });
});

/** image.json as caches hold it, with other fields. */
const cachedAs = async (cache: string, fields: object): Promise<void> => {
  const {boot: _boot, login: _login, ...rest} = facts;
  const dir = join(imagesDir(cache), 'toy');
  await mkdir(dir, {recursive: true});
  await writeFile(
    join(dir, 'image.json'),
    JSON.stringify({builder: 1, ...rest, bringUp: 'ssh', builtAt: new Date(0).toISOString(), ...fields}),
  );
};

test('image.json is flat: with a kernel the image boots directly, without one from its disk', async (t) => {
  await withCache(async (cache) => {
    const at = (name: string): string => join(imagesDir(cache), 'toy', name);
    await cachedAs(cache, {kernel: 'vmlinuz', initrd: 'initrd.img', disk: 'disk.qcow2', append: 'rw'});
    t.like(await readEntry(cache, 'toy'), {
      boot: {how: 'direct', kernel: at('vmlinuz'), initrd: at('initrd.img'), append: 'rw'},
      disk: at('disk.qcow2'),
      login: {how: 'ssh'},
    });
    await cachedAs(cache, {disk: 'disk.qcow2'});
    t.like(await readEntry(cache, 'toy'), {boot: {how: 'disk'}, disk: at('disk.qcow2'), login: {how: 'ssh'}});
  });
});

for (const [what, fields, message] of [
  [
    'a kernel without an initrd',
    {kernel: 'vmlinuz', append: ''},
    /expected kernel, initrd and append, or none of them/,
  ],
  ['nothing to boot from', {}, /expected a kernel or a disk to boot from/],
] as const) {
  test(`an image.json is refused for ${what}`, async (t) => {
    await withCache(async (cache) => {
      await cachedAs(cache, fields);
      await t.throwsAsync(readEntry(cache, 'toy'), {name: 'Broken', message});
    });
  });
}

test('an image.json that memhp did not write is refused by name', async (t) => {
  await withCache(async (cache) => {
    await mkdir(join(imagesDir(cache), 'toy'), {recursive: true});
    await writeFile(join(imagesDir(cache), 'toy', 'image.json'), '{"name": "toy"}');
    await t.throwsAsync(readEntry(cache, 'toy'), {name: 'Broken', message: /toy\/image\.json: not what memhp writes/});
  });
});

test('a failing tool is Broken with its last lines; a missing one is named with its package', async (t) => {
  await t.throwsAsync(runTool('sh', ['-c', 'echo one; echo two >&2; exit 3']), {
    name: 'Broken',
    message: 'sh failed (exit status 3); its last lines:\none\ntwo',
  });
  await t.throwsAsync(needTools('this', ['sh', 'no-such-tool']), {
    name: 'UsageError',
    message: /^this needs no-such-tool, .*\n {2}sudo \w+ install no-such-tool$/s,
  });
});

test('a tool and its children die with us, even of SIGKILL', async (t) => {
  const code = `import {runTool} from ${JSON.stringify(new URL('tool.ts', import.meta.url).href)};
    await runTool('sh', ['-c', 'sleep 1000 & echo $! > "$PIDS"; exec sleep 1000']);`;
  await withCache(async (dir) => {
    const pids = join(dir, 'pids');
    const kill =
      'mkfifo "$PIDS"; "$0" --import=tsx --input-type=module -e "$1" & read -r pid < "$PIDS"; kill -KILL $!; echo $pid';
    const {stdout} = await execa('sh', ['-c', kill, process.execPath, code], {env: {PIDS: pids}, stderr: 'ignore'});
    // The group is killed by a watcher that sees our end of a pipe close; tail ends when the process is gone.
    await execa('tail', [`--pid=${stdout}`, '-f', '/dev/null'], {timeout: 10_000});
    t.pass();
  });
});
