// What memhp needs from the host, in one place: the bootstrap installs it, `memhp doctor` explains it.
import {accessSync, constants} from 'node:fs';
import {join} from 'node:path';

/**
 * @typedef {object} Tool
 * @property {string} name What a user knows it by: the command, or what the file is.
 * @property {string} [command] Found in PATH or in an sbin directory.
 * @property {string} [file] Found at this path, for what is no command.
 * @property {{apt: string, dnf: string}} packages Where releases differ, names with `|` between: the first that there is.
 * @property {string} for What memhp does with it.
 * @property {'run' | 'test'} needed Whether running memhp needs it, or only its own tests do.
 * @property {boolean} [optional] memhp works without it, with less.
 * @property {boolean} [rootless] Only users other than root need it.
 */

/** @type {Partial<Record<NodeJS.Architecture, {name: string, apt: string, dnf: string}>>} */
const emulators = {
  x64: {name: 'qemu-system-x86_64', apt: 'qemu-system-x86', dnf: 'qemu-system-x86-core'},
  arm64: {name: 'qemu-system-aarch64', apt: 'qemu-system-arm', dnf: 'qemu-system-aarch64-core'},
  ppc64: {name: 'qemu-system-ppc64', apt: 'qemu-system-ppc', dnf: 'qemu-system-ppc-core'},
  s390x: {name: 'qemu-system-s390x', apt: 'qemu-system-s390x|qemu-system-misc', dnf: 'qemu-system-s390x-core'},
};

/**
 * @param {string} command
 * @param {string} apt
 * @param {string} dnf
 * @param {string} purpose
 * @returns {Tool}
 */
const command = (command, apt, dnf, purpose) => ({
  name: command,
  command,
  packages: {apt, dnf},
  for: purpose,
  needed: 'run',
});

const emulator = emulators[process.arch];

/** Guests of other architectures that the tests run. */
const foreign = /** @type {const} */ (['arm64', 's390x']).filter((arch) => arch !== process.arch);

/** @type {readonly Tool[]} */
export const tools = [
  ...(emulator ? [command(emulator.name, emulator.apt, emulator.dnf, 'runs the guests')] : []),
  command('qemu-img', 'qemu-utils', 'qemu-img', 'makes disk overlays'),
  command('mmdebstrap', 'mmdebstrap', 'mmdebstrap', 'builds images of the Debian family'),
  command('apt-get', 'apt', 'apt', 'fetches Debian packages for mmdebstrap'),
  command('dpkg-deb', 'dpkg', 'dpkg', 'unpacks Debian packages'),
  command('gpgv', 'gpgv', 'gnupg2', 'verifies Debian archives'),
  command('mke2fs', 'e2fsprogs', 'e2fsprogs', "makes the guests' file systems"),
  command('setpriv', 'util-linux', 'util-linux', 'ends QEMU when memhp is killed'),
  command('xz', 'xz-utils', 'xz', 'unpacks kernels, modules and images'),
  command('zstd', 'zstd', 'zstd', 'unpacks kernels, modules and images'),
  {
    name: "Debian's archive keys",
    file: '/usr/share/keyrings/debian-archive-keyring.gpg',
    packages: {apt: 'debian-archive-keyring', dnf: 'debian-keyring'},
    for: 'verify Debian archives',
    needed: 'run',
  },
  {
    name: 'CA certificates',
    file: '/etc/ssl/certs/ca-certificates.crt',
    packages: {apt: 'ca-certificates', dnf: 'ca-certificates'},
    for: 'verify the servers images come from',
    needed: 'run',
  },
  {...command('newuidmap', 'uidmap', 'shadow-utils', 'builds images without root'), rootless: true},
  {...command('fakeroot', 'fakeroot', 'fakeroot', 'keeps owners in images built without root'), rootless: true},
  ...foreign.flatMap((arch) => {
    const {name, apt, dnf} = emulators[arch] ?? {name: '', apt: '', dnf: ''};
    return [{...command(name, apt, dnf, `runs guests of ${arch} in the tests`), needed: /** @type {const} */ ('test')}];
  }),
  {
    name: 'the firmware of arm64',
    file: '/usr/share/AAVMF/AAVMF_VARS.fd',
    packages: {apt: 'qemu-efi-aarch64', dnf: 'edk2-aarch64'},
    for: 'starts guests of arm64 in the tests',
    needed: 'test',
  },
  {...command('chromium', 'chromium', 'chromium', 'opens the report in the tests'), needed: 'test', optional: true},
];

// A user's PATH on Debian has no sbin, but mke2fs is there.
const sbin = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** PATH with the sbin directories at its end. */
export function pathWithSbin() {
  const path = (process.env['PATH'] ?? '').split(':').filter(Boolean);
  return [...path, ...sbin.filter((directory) => !path.includes(directory))].join(':');
}

/**
 * Full path of a command, looked for in PATH and in the sbin directories.
 * @param {string} name
 */
export function findCommand(name) {
  return pathWithSbin()
    .split(':')
    .map((directory) => join(directory, name))
    .find((path) => may(path, constants.X_OK));
}

/**
 * What this user lacks on this host, for running memhp or for its own tests as well.
 * @param {'run' | 'test'} [purpose]
 */
export function missingTools(purpose = 'run') {
  const root = process.getuid?.() === 0;
  return tools.filter(
    (tool) => (purpose === 'test' || tool.needed === 'run') && !(root && tool.rootless) && !isThere(tool),
  );
}

/** @param {Tool} tool */
const isThere = ({command, file}) => (command ? findCommand(command) !== undefined : may(file ?? '', constants.R_OK));

/**
 * @param {string} path
 * @param {number} mode
 */
function may(path, mode) {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
