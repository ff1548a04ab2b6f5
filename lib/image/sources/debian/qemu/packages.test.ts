import test from 'ava';
import {UsageError} from '../../../../util/errors.ts';
import {ToolFailed} from '../../../tool.ts';
import {suitesOf} from '../suites.ts';
import {findPackages, packagesIn} from './packages.ts';

const uri = (file: string): string => `'http://m/debian/pool/main/q/${file}' ${file} 1024 SHA256:0123\n`;
const OUTPUT =
  "Reading package lists...\nNote, selecting 'qemu-system-misc' instead of 'qemu-system-s390x'\n" +
  `The following NEW packages will be installed:\n  qemu-system-x86\n${uri('qemu-system-misc_1%3a7.2+dfsg-7~bpo1_amd64.deb')}` +
  uri('libc6_2.36-9+deb12u13_amd64.deb');

test('packages are read with their versions, in the order of their names', (t) => {
  t.deepEqual(packagesIn(OUTPUT), [
    {name: 'libc6', version: '2.36-9+deb12u13'},
    {name: 'qemu-system-misc', version: '1:7.2+dfsg-7~bpo1'},
  ]);
});

test('apt is asked for what provides the program, and for the firmware; backports only where they are meant', async (t) => {
  const asked: string[] = [];
  const apt = (program: string, args: readonly string[]): Promise<string> => {
    asked.push([program, ...args].join(' '));
    return Promise.resolve(OUTPUT);
  };
  const {packages} = await findPackages(
    {program: 'qemu-system-x86_64', also: ['qemu-efi-aarch64']},
    'bookworm-backports',
    apt,
  );
  t.is(packages.length, 2);
  await findPackages({program: 'qemu-system-s390x'}, 'sid', apt);
  t.regex(asked[0] ?? '', /--no-install-recommends .*--target-release bookworm-backports qemu-system-x86-64 qemu-efi-/);
  t.regex(asked[1] ?? '', /--print-uris qemu-system-s390x$/);
});

test("a suite without such a package is the user's to name otherwise: apt's words, in a sentence", async (t) => {
  const fails = (output: string) => (): Promise<string> => Promise.reject(new ToolFailed('apt-get failed', output));
  await t.throwsAsync(
    findPackages({program: 'qemu-system-q'}, 'sid', fails('Reading…\nE: Unable to locate package qemu-system-q\n')),
    {
      instanceOf: UsageError,
      message: "--qemu debian:sid: apt can't install qemu-system-q of sid: Unable to locate package qemu-system-q",
    },
  );
  await t.throwsAsync(
    findPackages({program: 'qemu-system-q'}, 'sid', () => Promise.resolve('Reading…\n')),
    {instanceOf: UsageError, message: /names no package of sid that brings qemu-system-q/},
  );
});

test('a release is taken with its updates, backports not without the release', (t) => {
  t.deepEqual(suitesOf('sid'), ['sid']);
  t.deepEqual(suitesOf('trixie'), ['trixie', 'trixie-updates', 'trixie-security']);
  t.deepEqual(suitesOf('trixie-backports'), ['trixie', 'trixie-updates', 'trixie-security', 'trixie-backports']);
});
