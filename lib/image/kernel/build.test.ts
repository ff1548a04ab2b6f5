import {mkdtempSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {Broken, UsageError} from '../../util/errors.ts';
import {root} from '../../util/paths.ts';
import type {Apt} from '../sources/debian/apt.ts';
import type * as Build from './build.ts';
import type {AskedKernel} from './build.ts';
import {readAsked} from './options.ts';

const place = mkdtempSync(join(tmpdir(), 'memhp-kernel-'));
test.after.always(() => rm(place, {recursive: true, force: true}));
const [bin, made, deb] = [join(place, 'bin'), join(place, 'made'), join(place, 'linux-source.deb')];

// The tools of a build, before what looks for them is loaded.
process.env['PATH'] = [bin, process.env['PATH']].join(delimiter);
const builtKernel: typeof Build.builtKernel = async (...args) => (await import('./build.ts')).builtKernel(...args);

/** Knows the options of the made-up Kconfig but for NEEDS_MORE, and makes an Image; `hang` in the source stops it. */
const MAKE = `#!/bin/sh
for word; do case $word in
  O=*) out=\${word#O=} ;; KCONFIG_ALLCONFIG=*) asked=\${word#*=} ;; -*|*=*) ;; *) what=$word ;;
esac; done
cd "$2" || exit
echo "$what $KBUILD_BUILD_USER \${KCFLAGS-none}" >>${made}
case $what in
  allnoconfig)
    while read -r line; do
      name=\${line#CONFIG_} name=\${name%%=*}
      if grep -qx "config $name" Kconfig && [ "$name" != NEEDS_MORE ]; then echo "$line"; fi
    done <"$asked" >"$out/.config" ;;
  Image)
    echo '  CC      init/main.o'
    if [ -e fails ]; then echo 'init/main.c:1:1: error: no such thing'; seq 40; exit 2; fi
    if [ -e hang ]; then mkdir "$out/half"; sleep 600; fi
    mkdir -p "$out/arch/arm64/boot" "$out/include/config"
    { head -c 56 /dev/zero; printf 'ARM\\144'; printf 'Linux version 9.9.1-memhp (memhp'; } >"$out/arch/arm64/boot/Image"
    echo 9.9.1-memhp >"$out/include/config/kernel.release" ;;
  *) exit 1 ;;
esac
`;

test.before(async () => {
  await mkdir(bin);
  await writeFile(join(bin, 'make'), MAKE);
  await writeFile(join(bin, 'aarch64-linux-gnu-gcc'), '#!/bin/sh\necho "gcc (made up) ${COMPILER-1}"\necho more\n');
  for (const name of ['make', 'aarch64-linux-gnu-gcc']) await chmod(join(bin, name), 0o755);
});

/** A package of a source that has these files beside a Makefile and a Kconfig with all that the fragments ask for. */
async function packageWith(files: Readonly<Record<string, string>> = {}): Promise<void> {
  const fragments = join(root, 'lib/image/kernel/fragments');
  const texts = await Promise.all(
    ['common', 'arm64'].map((name) => readFile(join(fragments, `${name}.config`), 'utf8')),
  );
  const names = [...texts.join('\n').matchAll(/^CONFIG_(\w+)=/gm)].map(([, name]) => name);
  const kconfig = [...names, 'EXTRA'].map((name) => `config ${name}\n\tbool "${name}"\n`).join('');
  const work = await mkdtemp(join(place, 'package-'));
  const [tree, source] = [join(work, 'tree'), join(work, 'linux-source-9.9')];
  await mkdir(source);
  const all = {
    Makefile: 'all:\n',
    Kconfig: `${kconfig}config NEEDS_MORE\n\tbool "more"\n\tdepends on MORE\n`,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) await writeFile(join(source, name), text);
  await mkdir(join(tree, 'usr/src'), {recursive: true});
  await execa('tar', ['-cJf', join(tree, 'usr/src/linux-source-9.9.tar.xz'), '-C', work, 'linux-source-9.9']);
  await mkdir(join(tree, 'DEBIAN'));
  await writeFile(
    join(tree, 'DEBIAN/control'),
    'Package: linux-source-9.9\nVersion: 9.9.1-1\nArchitecture: all\nMaintainer: nobody\nDescription: made up\n',
  );
  await execa('dpkg-deb', ['--build', '--root-owner-group', tree, deb]);
  await rm(work, {recursive: true});
}

const MADISON = [
  'linux-source-9.9 | 9.9.1-1 | http://m/debian trixie/main amd64 Packages',
  'linux-source-9.9 | 9.9.0-1 | http://m/debian trixie/main amd64 Packages',
  'linux-source-9.9 | 9.9.2-1 | http://m/debian sid/main amd64 Packages',
].join('\n');
const apt: Apt = async (program, args, cwd = '') => {
  if (args[0] === 'pkgnames') return 'linux-source-9.9\nlinux-source-9.9-doc\n';
  if (args[0] === 'madison') return MADISON;
  if (program === 'apt-get' && args.join(' ') === 'download linux-source-9.9=9.9.1-1')
    await execa('cp', [deb, join(cwd, 'it.deb')]);
  return '';
};
const host = {open: () => Promise.resolve(apt), tools: () => ['make', 'aarch64-linux-gnu-gcc']};

/** What the command does, in a cache of its own or in one that is given. */
async function build(asked: Partial<AskedKernel> = {}, given: {cache?: string; signal?: AbortSignal} = {}) {
  const cache = given.cache ?? (await mkdtemp(join(place, 'cache-')));
  const said: string[] = [];
  const log = (line: string): void => void said.push(line);
  const {signal} = given;
  await rm(made, {force: true});
  const result = builtKernel(
    {arch: 'arm64', suite: 'trixie', options: [], jobs: 1, ...asked},
    {cache, log, signal},
    host,
  );
  const outcome = await result.then(
    (kernel) => ({kernel}),
    (error: unknown) => ({error}),
  );
  const ran = await readFile(made, 'utf8').catch(() => '');
  const left = (await readdir(join(cache, 'images')).catch(() => [])).sort();
  return {cache, said, ran: ran.split('\n').filter(Boolean), left, ...outcome};
}

test.serial('a kernel is built once, with its config beside it, and nothing of the build stays', async (t) => {
  process.env['KCFLAGS'] = '-O0';
  await packageWith();
  const first = await build();
  delete process.env['KCFLAGS'];
  if (!('kernel' in first)) throw first.error;
  t.deepEqual(first.ran, ['allnoconfig memhp none', 'Image memhp none']);
  const {kernel, config = ''} = first.kernel;
  t.is((await readFile(kernel)).toString('latin1', 56, 60), 'ARM\x64');
  t.regex(config, /\/config-9\.9\.1-memhp$/);
  t.regex(await readFile(config, 'utf8'), /^CONFIG_ACPI_HOTPLUG_MEMORY=y$/m);
  t.deepEqual((await readdir(join(kernel, '..'))).sort(), ['config-9.9.1-memhp', 'version', 'vmlinuz']);
  t.is(first.left.length, 2);
  t.regex(first.left.join(' '), /^kernel-built-arm64-[0-9a-f]{12} linux-source-9\.9-[0-9a-f]{12}$/);

  const {cache} = first;
  t.deepEqual((await build({}, {cache})).ran, [], 'the same again');
  t.deepEqual((await build({jobs: 2}, {cache})).ran, [], 'jobs change nothing');
  const more = await build({options: readAsked(['EXTRA'], [])}, {cache});
  t.deepEqual([more.ran.length, more.left.length], [2, 3], 'another config, the same source');
  t.false(more.said.join('\n').includes('fetching'));
  process.env['COMPILER'] = '2';
  t.is((await build({}, {cache})).left.length, 4, 'another compiler');
  delete process.env['COMPILER'];
});

test.serial('an option that does not come out as asked is named before anything is compiled', async (t) => {
  await packageWith();
  const {error, ran, left} = (await build({options: readAsked(['NO_SUCH', 'NEEDS_MORE', 'EXTRA'], [])})) as {
    error: Error;
    ran: string[];
    left: string[];
  };
  t.true(error instanceof UsageError);
  t.regex(error.message, /^Linux 9\.9\.1 can't be configured as asked:\n/);
  t.regex(error.message, /CONFIG_NO_SUCH \(--enable\): .* an unknown option/);
  t.regex(error.message, /CONFIG_NEEDS_MORE \(--enable\): .* it depends on MORE, which isn't so \(Kconfig:\d+\)/);
  t.false(error.message.includes('EXTRA'));
  t.deepEqual(ran, ['allnoconfig memhp none']);
  t.is(left.length, 1, 'only the source');
});

test.serial('a failed build says its first errors, and leaves nothing', async (t) => {
  await packageWith({fails: ''});
  const outcome = await build();
  if (!('error' in outcome) || !(outcome.error instanceof Broken)) return t.fail('it did not fail');
  t.regex(
    outcome.error.message,
    /^make failed \(exit status 2\); its last lines:\n[^]*\n40\nits first errors:\ninit\/main\.c:1:1: error:/,
  );
  t.is(outcome.left.length, 1);
});

test.serial('an interruption is told, ends what runs, and leaves nothing half-made', async (t) => {
  await packageWith({hang: ''});
  const cache = await mkdtemp(join(place, 'cache-'));
  const abort = new AbortController();
  const running = build({}, {cache, signal: abort.signal});
  const half = async (): Promise<boolean> =>
    (await readdir(join(cache, 'images'), {recursive: true}).catch(() => [])).some((name) => name.endsWith('/half'));
  while (!(await half())) await new Promise(setImmediate);
  abort.abort(new Broken('interrupted by SIGINT'));
  const outcome = await running;
  t.is('error' in outcome ? (outcome.error as Error).message : '', 'interrupted by SIGINT');
  t.deepEqual(
    outcome.left.map((name) => name.slice(0, 13)),
    ['linux-source-'],
  );
});

const refused = test.macro(async (t, asked: Partial<AskedKernel>, cache: string | undefined, message: RegExp) => {
  const outcome = await build(asked, cache === undefined ? {} : {cache});
  if (!('error' in outcome) || !(outcome.error instanceof UsageError)) return t.fail('it was not refused');
  t.regex(outcome.error.message, message);
  t.deepEqual([outcome.ran, outcome.left], [[], []]);
});
test.serial(
  'a suite without a source is refused',
  refused,
  {suite: 'bullseye'},
  undefined,
  /^--suite bullseye: the mirror has no linux-source package of it; it has some of sid, trixie$/,
);
test.serial(
  'a cache in a directory whose name Kbuild does not take is refused',
  refused,
  {},
  join(place, 'a b'),
  /can't be built in a directory with a space or a colon in its name; MEMHP_CACHE names another/,
);

test.serial('what the host lacks is named with the command that installs it', async (t) => {
  const tools = (): string[] => ['make', 'riscv64-linux-gnu-no-such', 'aarch64-linux-gnu-gcc', '/no/such/header.h'];
  await t.throwsAsync(
    builtKernel(
      {arch: 'arm64', suite: 'trixie', options: []},
      {cache: join(place, 'none'), log: () => undefined},
      {...host, tools},
    ),
    {
      instanceOf: UsageError,
      message:
        /^building a kernel for arm64 needs riscv64-linux-gnu-no-such, \/no\/such\/header\.h, which .*\n {2}sudo apt install/,
    },
  );
});
