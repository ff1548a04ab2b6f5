import test from 'ava';
import {UsageError} from '../../../../util/errors.ts';
import {mirrorIn} from '../mirror.ts';
import {SUITES} from '../suites.ts';
import {sourcesList, updateTrouble} from '../apt.ts';
import {kernelPattern, kernelsOf, listKernels, matching} from './list.ts';

const paragraph = (name: string, version: string, depends = 'kmod'): string =>
  `Package: ${name}\nVersion: ${version}\nInstalled-Size: 1\nDepends: ${depends}\nDescription: a kernel\n text\n`;
const split = (release: string, version: string): string =>
  `dracut | linux-initramfs-tool, linux-base-${release} (= ${version}), linux-binary-${release} (= ${version}), ` +
  `linux-modules-${release} (= ${version}), linux-base (>= 4.3~)`;
const SHOW = [
  paragraph('linux-image-6.12.118+deb13-amd64-unsigned', '6.12.118-1'),
  paragraph('linux-image-6.12.118+deb13-amd64', '6.12.118-1'),
  paragraph('linux-image-6.1.0-56-cloud-amd64', '6.1.192-2'),
  paragraph('linux-image-6.1.0-56-cloud-amd64-unsigned', '6.1.192-2'),
  paragraph('linux-image-6.1.0-57-amd64-unsigned', '6.1.193-1'),
  paragraph('linux-image-7.3-amd64', '7.3~rc7-1', split('7.3-amd64', '7.3~rc7-1')),
  // A metapackage of a flavour, and what signatures are made from.
  paragraph('linux-image-6.12-amd64', '6.12.118-1', 'linux-image-6.12.118+deb13-amd64 (= 6.12.118-1)'),
  paragraph('linux-image-6.12-amd64-signed-template', '6.12.118-1'),
  paragraph('linux-image-6.1.0-56-amd64-dbg', '6.1.192-2'),
].join('\n');
const MADISON = [
  ' linux-image-6.12.118+deb13-amd64 | 6.12.118-1 | http://m/debian-security trixie-security/main amd64 Packages',
  ' linux-image-6.12.118+deb13-amd64 | 6.12.118-1 | http://m/debian trixie/main amd64 Packages',
  ' linux-image-6.1.0-56-cloud-amd64 | 6.1.192-2 | http://m/debian bookworm/main amd64 Packages',
].join('\n');
/** What the archive lacks of a kernel 7.3 whose packages madison knows of. */
const lacks = (...known: string[]): readonly string[] | undefined =>
  kernelsOf(SHOW, known.map((name) => ` ${name} | 7.3~rc7-1 | http://m/debian sid/main amd64 Packages`).join('\n')).at(
    -1,
  )?.lacks;
const kernels = kernelsOf(SHOW, MADISON);

test('kernels are those packages that bring one, signed where there is one, the oldest first', (t) => {
  t.deepEqual(
    kernels.map(({name}) => name),
    [
      'linux-image-6.1.0-56-cloud-amd64',
      'linux-image-6.1.0-57-amd64-unsigned',
      'linux-image-6.12.118+deb13-amd64',
      'linux-image-7.3-amd64',
    ],
  );
  t.deepEqual(kernels[2], {
    name: 'linux-image-6.12.118+deb13-amd64',
    release: '6.12.118+deb13-amd64',
    version: '6.12.118-1',
    suites: ['trixie-security', 'trixie'],
    parts: ['linux-image-6.12.118+deb13-amd64'],
    lacks: [],
  });
});

test('a kernel whose files are in other packages is made up of them', (t) => {
  t.deepEqual(kernels.at(-1)?.parts, [
    'linux-image-7.3-amd64',
    'linux-base-7.3-amd64',
    'linux-binary-7.3-amd64',
    'linux-modules-7.3-amd64',
  ]);
});

test('a kernel of which the archive has not all packages, or others of another version, says which', (t) => {
  const [image = '', base = '', binary = '', modules = ''] = kernels.at(-1)?.parts ?? [];
  t.deepEqual(lacks(image, base, binary, modules), []);
  t.deepEqual(lacks(image, binary), [base, modules]);
  t.deepEqual(lacks(), [image, base, binary, modules]);
});

test('apt is asked only for kernels', async (t) => {
  const asked: (readonly string[])[] = [];
  const names = ['linux-image-amd64', 'linux-image-6.1.0-56-amd64', 'linux-image-6.1.0-56-amd64-dbg'];
  await listKernels((_program, args) => {
    asked.push(args);
    const answer = {pkgnames: names.join('\n'), show: paragraph('linux-image-6.1.0-56-amd64', '6.1.192-2')};
    return Promise.resolve(args[0] === 'madison' ? '' : answer[args[0] as 'show']);
  });
  t.deepEqual(asked.slice(1), [
    ['show', '--no-all-versions', 'linux-image-6.1.0-56-amd64'],
    ['madison', 'linux-image-6.1.0-56-amd64'],
  ]);
});

const taken = (text: string): string[] => {
  const pattern = kernelPattern(text);
  return pattern === undefined ? ['a file'] : matching(kernels, pattern).map(({release}) => release);
};

test('a pattern is one of releases, of all suites or of one', (t) => {
  t.deepEqual(taken('debian:*').length, 4);
  t.deepEqual(taken('debian:6.12*'), ['6.12.118+deb13-amd64']);
  t.deepEqual(taken('debian:*-cloud-*'), ['6.1.0-56-cloud-amd64']);
  t.deepEqual(taken('debian:trixie/*'), ['6.12.118+deb13-amd64']);
  t.deepEqual(taken('arch/x86/boot/bzImage'), ['a file']);
  t.is(kernelPattern('debian/arm64:*')?.arch, 'arm64');
});

for (const [text, message] of [
  ['debian:5*', /no kernel of Debian's matches "5\*"; there are 4: 6\.1\.0-56-cloud-amd64, /],
  ['debian:trixie/6.1.0*', /matches "6\.1\.0\*"; there are 1: 6\.12\.118/],
  ['debian:etch/*', /unknown suite "etch"; there are bullseye, .*sid/],
  ['debian/alpha:*', /unknown architecture "alpha"; there are amd64, /],
  ['debian:', /wanted a pattern of kernel releases/],
  ['debian:-o $(x)', /wanted a pattern of kernel releases/],
] as const)
  test(`--kernel ${text}: refused, saying what there is`, (t) => {
    t.throws(() => taken(text), {instanceOf: UsageError, message});
  });

test('security is beside the main archive', (t) => {
  const lines = sourcesList('amd64', 'https://mirror.example/debian/').trim().split('\n');
  t.is(lines.length, SUITES.length);
  t.true(lines.some((line) => line.endsWith(' https://mirror.example/debian trixie-backports main')));
  t.true(lines.some((line) => line.endsWith(' https://mirror.example/debian-security trixie-security main')));
});

const without = (suite: string): string =>
  `E: The repository 'http://m/debian ${suite} Release' does not have a Release file.`;

test('a suite that the mirror lacks is left out; anything else that apt complains of is not passed over', (t) => {
  t.deepEqual(updateTrouble(`Get:1 x\n${without('bullseye-backports')}\n`), {
    absent: ['bullseye-backports'],
    trouble: [],
  });
  t.deepEqual(updateTrouble(`${without('sid')}\nW: Failed to fetch http://m/x  Could not connect\n`).trouble, [
    'Failed to fetch http://m/x  Could not connect',
  ]);
  t.deepEqual(updateTrouble("E: The repository 'http://m/debian sid Release' is not signed.").trouble, [
    "The repository 'http://m/debian sid Release' is not signed.",
  ]);
  t.deepEqual(updateTrouble(SUITES.map(without).join('\n')).trouble, ['none of the suites is there']);
  t.deepEqual(updateTrouble('killed').trouble, ['none of the suites is there']);
});

test("the mirror is the one that the host's apt has of Debian's, and not that of updates or of others", (t) => {
  const line = (uri: string, release: string): string => `'${uri}dists/${release}/InRelease' m_InRelease 0 \n`;
  const others = line('https://m.example/nodes/', 'nodistro') + line('https://m.example/linux/debian/', 'bookworm');
  const security = line('http://m.example/debian-security/', 'bookworm-security');
  const own = line('http://m.example/debian/', 'bookworm') + line('http://m.example/debian/', 'bookworm-updates');
  t.is(mirrorIn(others + security + own), 'http://m.example/debian');
  t.is(mirrorIn(line('http://m.example/debian/', 'sid')), 'http://m.example/debian');
  t.is(mirrorIn(security + line('https://m.example/nodes/', 'nodistro')), undefined);
  t.is(mirrorIn(''), undefined);
});
