import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {InvalidArgumentError} from 'commander';
import fc from 'fast-check';
import {cacheDir, root} from '../util/paths.ts';
import {cleanCommand} from './clean.ts';
import {mirror, parameters, positive, shard, word} from './values.ts';

const refused = (read: (text: string) => unknown, ...texts: string[]): void => {
  for (const text of texts) {
    test(`${read.name} refuses ${JSON.stringify(text)}`, (t) => {
      t.throws(() => read(text), {instanceOf: InvalidArgumentError});
    });
  }
};

refused(word, '', ' ', 'a\nb', '\u001B[31m', 'a\0', '\u202E');
refused(parameters, 'a\nb', 'x="y', 'größe', '\0', 'a\tb');
refused(
  mirror,
  '',
  '--customize-hook=id',
  '-',
  'bookworm',
  'https://a b',
  "https://x'",
  'https://x\n',
  'data:x',
  'exec://',
);
refused(positive, '0', '-1', '1.5', '1e3', '01', '9999999', ' 1', '');
refused(shard, '0/1', '2/1', '1', '1/', '/2', '-1/2', '1/2/3', '1/999999999999999999999');

test('what is valid is taken as it is', (t) => {
  t.is(word('--kernel'), '--kernel');
  t.is(parameters(' movable_node  x="a b" -- single '), 'movable_node  x="a b" -- single');
  t.is(mirror('file:///srv/debian'), 'file:///srv/debian');
  t.is(positive('12'), 12);
  t.deepEqual(shard('2/4'), {index: 2, count: 4});
});

test('any value is taken or refused, and nothing else happens', (t) => {
  t.notThrows(() => {
    fc.assert(
      fc.property(
        fc.constantFrom(word, parameters, mirror, positive, shard),
        fc.string({unit: 'binary'}),
        (read, text) => {
          try {
            read(text);
          } catch (error) {
            if (!(error instanceof InvalidArgumentError)) throw error;
          }
        },
      ),
    );
  });
});

/** The command line in a process, with a cache of its own that must stay empty. */
async function memhp(...args: string[]): Promise<{code: unknown; stderr: string; left: string[]}> {
  const cache = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  try {
    const {code, stderr} = await promisify(execFile)(process.execPath, [join(root, 'lib/cli/bin.js'), ...args], {
      cwd: cache,
      env: {...process.env, MEMHP_CACHE: join(cache, 'c'), MEMHP_PLAN: ''},
    }).then(
      ({stderr}) => ({code: 0, stderr}),
      (error: unknown) => error as {code: unknown; stderr: string},
    );
    return {code, stderr, left: await readdir(cache, {recursive: true})};
  } finally {
    await rm(cache, {recursive: true});
  }
}

for (const [args, message] of [
  [['run', '--append', 'quiet\nevil'], /on one line/],
  [['run', '--guest', '../../etc/passwd', '--dry-run'], /\.\.\/\.\.\/etc\/passwd:\d+:\d+: |can't read the guest file/],
  [['run', '--guest', '-netdev', '--dry-run'], /unknown guest "-netdev"/],
  [['run', '--kernel', '/dev/null', '--dry-run'], /\/dev\/null: is no kernel .*an empty file/],
  [['run', '--kernel', 'debian:etch/*', '--dry-run'], /unknown suite "etch"; there are bullseye, /],
  [['run', '--kernel', 'debian:', '--dry-run'], /wanted a pattern of kernel releases/],
  [['run', '--kernel', 'debian:*', '--modules', '/lib', '--dry-run'], /goes with exactly one --kernel, a file/],
  [['run', '--kernel', 'debian:*', '--guest', 'debian-12', '--dry-run'], /does not go with --guest/],
  [['list', '--kernel', '/vmlinuz'], /\/vmlinuz: is a file, which run takes as it is/],
  [['list', '--mirror', 'http://m.example/debian'], /--mirror goes with --kernel/],
  [['list', 'offline', '--kernel', 'debian:*'], /lists kernels, not cases: leave "offline" out/],
  [['run', '--qemu', 'debian:etch', '--dry-run'], /--qemu debian:etch: unknown suite "etch"; there are bookworm, /],
  [['run', '--qemu', '', '--dry-run'], /wanted something, not an empty value/],
  [['run', '', '--dry-run'], /no case matches an empty name/],
  [['run', '--out', ''], /wanted something, not an empty value/],
  [['build', '--mirror', '--hook=x'], /wanted a URL/],
] as const) {
  test(`memhp ${JSON.stringify(args).slice(0, 60)}: one clear message, status 2, nothing left`, async (t) => {
    const {code, stderr, left} = await memhp(...args);
    t.is(code, 2, stderr);
    t.regex(stderr, message);
    t.notRegex(stderr, /error of memhp itself|\n {4}at /);
    t.deepEqual(
      left.filter((name) => !name.startsWith('memhp-runs')),
      [],
    );
  });
}

test('the cache is never the current directory because a variable is empty', (t) => {
  const {MEMHP_CACHE, XDG_CACHE_HOME} = process.env;
  t.teardown(() => Object.assign(process.env, {MEMHP_CACHE, XDG_CACHE_HOME}));
  for (const [own, xdg] of [
    ['', ''],
    ['', 'relative'],
    [undefined, ''],
  ] as const) {
    process.env['MEMHP_CACHE'] = own ?? '';
    process.env['XDG_CACHE_HOME'] = xdg;
    t.regex(cacheDir(), /^\/.*\/\.cache\/memhp$/);
  }
  process.env['MEMHP_CACHE'] = 'relative';
  t.is(cacheDir(), join(process.cwd(), 'relative'));
});

test('clean removes what memhp made and nothing else', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'memhp-test-'));
  t.teardown(() => rm(cache, {recursive: true}));
  const ours = [
    'images/debian-13-0123456789ab',
    'templates/debian-13-0123456789abcdef0123',
    'images/.tmp-debian-13-0123456789ab-01234567',
    'images/debian-13-arm64-0123456789ab.unpacked',
    'images/qemu-system-x86_64-bookworm-backports-0123456789ab',
    'apt/amd64-0123456789ab',
  ];
  const others = ['images/holiday', 'templates/letters'];
  for (const dir of [...ours, ...others]) await mkdir(join(cache, dir), {recursive: true});
  await writeFile(join(cache, 'images/debian-13.yaml'), 'name: debian-13');
  await cleanCommand({templates: false, all: true}, cache);
  t.deepEqual((await readdir(cache, {recursive: true})).filter((name) => name.includes('/')).sort(), [
    'images/debian-13.yaml',
    ...others,
  ]);
});
