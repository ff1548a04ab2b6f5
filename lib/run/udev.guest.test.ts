// Guests whose udev isn't what it seems: the ordinary cases fail, and say what it is.
import {mkdirSync, mkdtempSync, symlinkSync} from 'node:fs';
import {rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {ensureImage, imageKey} from '../image/ensure.ts';
import {entryName, writeEntry} from '../image/entry.ts';
import {directBoot, type Image} from '../image/image.ts';
import {defaultGuest, loadManifest, type Manifest} from '../image/manifest.ts';
import {imagesDir} from '../image/store.ts';
import {readRecords} from '../results/store.ts';
import type {Check, Record as CaseRecord} from '../results/record.ts';
import {cacheDir, root} from '../util/paths.ts';
import {serve} from './guest-script.ts';

const scratch = mkdtempSync(join(tmpdir(), 'memhp-test-'));
const cache = join(scratch, 'cache');
test.after.always('remove the scratch directory', () => rm(scratch, {recursive: true, force: true}));

/** A guest file for the default guest's image with other commands before it is frozen; the image itself is shared. */
async function guestWith(name: string, prepare: string[], manifest: Manifest, image: Image): Promise<string> {
  const own: Manifest = {...manifest, name, prepare};
  const file = join(scratch, `${name}.yaml`);
  await writeFile(file, JSON.stringify(own));
  const key = (await imageKey(await loadManifest(file), {})) ?? '';
  const {kernel, initrd, append} = directBoot(image);
  const dir = join(imagesDir(cache), entryName(name, key));
  mkdirSync(dir, {recursive: true});
  for (const [from, to] of [
    [kernel, 'vmlinuz'],
    [initrd, 'initrd.img'],
    [image.disk ?? '', 'disk.qcow2'],
  ] as const)
    symlinkSync(from, join(dir, to));
  await writeEntry(dir, {
    ...image,
    name,
    key,
    boot: {how: 'direct', kernel: 'vmlinuz', initrd: 'initrd.img', append},
    disk: 'disk.qcow2',
    prepare,
  });
  return file;
}

const OFFLINE = 'echo offline >/sys/devices/system/memory/auto_online_blocks';
const FILE = '/etc/udev/rules.d/40-test.rules';
const rule = (text: string): string[] => [
  OFFLINE,
  `mkdir -p /etc/udev/rules.d && printf '%s\\n' 'SUBSYSTEM=="memory", ACTION=="add", ${text}' >${FILE}`,
  'udevadm control --reload && echo change >/sys/devices/system/memory/memory0/uevent && udevadm settle',
];
const AGENT =
  `printf other-agent >/proc/$$/comm; cd /sys/devices/system/memory; while :; do for b in memory*; do if ` +
  `read -r s <$b/state && [ "$s" = offline ]; then echo online_movable >$b/state; fi; done; done`;

/** The check of udev/effect about each block of the DIMM. */
const ofEach = (fate: string): string[] =>
  [32, 33, 34, 35].map((id) => `who onlined memory${id}, and where it is: ${fate}`);

/** What is wrong with each guest, and all checks of the ordinary cases that fail, with what they see. */
const situations: Readonly<{[name: string]: {prepare: string[]; dimm: string[]; effect: string[]}}> = {
  swapped: {
    prepare: [
      ...rule('ATTR{state}="online_movable"'),
      `touch -r ${FILE} /run/time && sed 's/online_movable"/online_kernel" /' ${FILE} >/run/new && cat ` +
        `/run/new >${FILE} && touch -r /run/time ${FILE}`,
    ],
    dimm: [],
    effect: ofEach(`udev (${FILE}:1) → Movable`),
  },
  half: {
    prepare: rule('KERNEL=="memory*[02468]", ATTR{state}="online_movable"'),
    dimm: ['blocks online: 2', 'who onlined its blocks: udev: 2 of 4 blocks, nobody: 2 of 4 blocks'],
    effect: [],
  },
  'second-process': {
    prepare: [
      ...rule(
        "PROGRAM=\"/bin/sh -c '\\''until grep -q online /sys/%p/state; do :; done'\\''\", ATTR{state}=\"online\"",
      ),
      `printf '%s\\n' '${AGENT}' >/run/agent`,
      'setsid sh /run/agent </dev/null >/dev/null 2>&1 & until pgrep -x other-agent; do :; done',
    ],
    dimm: ['who onlined its blocks: process other-agent'],
    effect: ofEach('process other-agent → Movable'),
  },
  dead: {
    prepare: [...rule('ATTR{state}="online_movable"'), "systemctl stop 'systemd-udevd*.socket' systemd-udevd.service"],
    dimm: ['udevd: dead'],
    effect: ['udevd: dead'],
  },
  stopped: {
    prepare: [...rule('ATTR{state}="online_movable"'), 'kill -STOP $(systemctl show -p MainPID --value systemd-udevd)'],
    dimm: ['udevd: stopped'],
    effect: ['udevd: stopped'],
  },
};

const said = ({name, actual}: Check): string =>
  `${name}: ${typeof actual === 'string' ? actual : JSON.stringify(actual)}`;

const out = join(scratch, 'out');
let records: readonly CaseRecord[] = [];
let printed = '';

test.before('the ordinary cases on all of them, in one run', async (t) => {
  t.timeout(30 * 60_000);
  const manifest = await loadManifest(defaultGuest());
  const image = await ensureImage(manifest, {cache: cacheDir(), serve, log: console.error});
  const guests: string[] = [];
  for (const [name, {prepare}] of Object.entries(situations))
    guests.push('--guest', await guestWith(name, prepare, manifest, image));
  const args = ['run', 'defaults/plugged-dimm', 'udev/effect', ...guests, '--out', out];
  const {exitCode, stdout, stderr} = await execa(process.execPath, [join(root, 'lib/cli/bin.js'), ...args], {
    env: {MEMHP_CACHE: cache},
    reject: false,
    timeout: 29 * 60_000,
    stdin: 'ignore',
  });
  printed = `${stdout}\n${stderr}`;
  t.is(exitCode, 1, printed);
  records = await readRecords(out);
});

for (const [name, {dimm, effect}] of Object.entries(situations)) {
  test(`udevd's rules or udevd, ${name}: the ordinary cases fail by that, and by nothing else`, (t) => {
    const seen = (id: string): string[] | undefined =>
      records
        .find((one) => one.case === id && one.cell.guest === name && one.outcome !== 'broken')
        ?.checks.filter(({ok}) => !ok)
        .map(said);
    t.deepEqual(seen('defaults/plugged-dimm'), dimm, printed);
    t.deepEqual(seen('udev/effect'), effect, printed);
  });
}
