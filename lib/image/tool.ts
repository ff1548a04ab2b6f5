import {access, constants} from 'node:fs/promises';
import {delimiter, isAbsolute, join} from 'node:path';
import {execa, ExecaError} from 'execa';
import {Broken, UsageError} from '../util/errors.ts';
import {isThere} from '../util/files.ts';
import {lastLines} from '../util/text.ts';
import {MiB} from '../util/size.ts';

/** Which package brings a tool, by package manager. */
const packageOf: Record<string, {apt: string; dnf: string}> = {
  mmdebstrap: {apt: 'mmdebstrap', dnf: 'mmdebstrap'},
  mke2fs: {apt: 'e2fsprogs', dnf: 'e2fsprogs'},
  'qemu-img': {apt: 'qemu-utils', dnf: 'qemu-img'},
  fakeroot: {apt: 'fakeroot', dnf: 'fakeroot'},
  newuidmap: {apt: 'uidmap', dnf: 'shadow-utils-subid'},
  tar: {apt: 'tar', dnf: 'tar'},
  xz: {apt: 'xz-utils', dnf: 'xz'},
  zstd: {apt: 'zstd', dnf: 'zstd'},
  'apt-get': {apt: 'apt', dnf: 'apt'},
  'dpkg-deb': {apt: 'dpkg', dnf: 'dpkg'},
  make: {apt: 'make', dnf: 'make'},
  gcc: {apt: 'gcc', dnf: 'gcc'},
  flex: {apt: 'flex', dnf: 'flex'},
  bison: {apt: 'bison', dnf: 'bison'},
  bc: {apt: 'bc', dnf: 'bc'},
  perl: {apt: 'perl', dnf: 'perl'},
  ld: {apt: 'binutils', dnf: 'binutils'},
  '/usr/include/stdio.h': {apt: 'libc6-dev', dnf: 'glibc-devel'},
  '/usr/include/gelf.h': {apt: 'libelf-dev', dnf: 'elfutils-libelf-devel'},
  ...compiler('x86_64-linux-gnu', 'gcc-x86-64-linux-gnu'),
  ...compiler('aarch64-linux-gnu'),
  ...compiler('powerpc64le-linux-gnu'),
  ...compiler('s390x-linux-gnu'),
  ...compiler('riscv64-linux-gnu'),
};

/** A cross compiler, whose package brings the linker as well. */
function compiler(machine: string, apt = `gcc-${machine}`): typeof packageOf {
  const packages = {apt, dnf: `gcc-${machine}`};
  return {[`${machine}-gcc`]: packages, [`${machine}-ld`]: packages};
}

/** mke2fs is in sbin, which is not on a user's PATH everywhere. */
const path = [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter);

/** Is a command there? A name that is a path is one of a file, to be read. */
export const hasTool = async (name: string): Promise<boolean> => {
  if (isAbsolute(name)) return await isThere(name);
  const found = await Promise.allSettled(
    path
      .split(delimiter)
      .filter(Boolean)
      .map(async (dir) => {
        await access(join(dir, name), constants.X_OK);
      }),
  );
  return found.some(({status}) => status === 'fulfilled');
};

/** Throws a UsageError that names everything missing and the one command that installs it. */
export async function needTools(purpose: string, names: readonly string[]): Promise<void> {
  const there = await Promise.all(names.map(hasTool));
  const missing = names.filter((_, i) => !there[i]);
  if (missing.length === 0) return;
  const manager = !(await hasTool('apt-get')) && (await hasTool('dnf')) ? 'dnf' : 'apt';
  const packages = [...new Set(missing.map((name) => packageOf[name]?.[manager] ?? name))];
  throw new UsageError(
    `${purpose} needs ${missing.join(', ')}, which this host lacks; install with:\n` +
      `  sudo ${manager} install ${packages.join(' ')}`,
  );
}

export interface ToolOptions {
  readonly cwd?: string;
  /** Variables; undefined takes one of the user's away. */
  readonly env?: Record<string, string | undefined>;
  readonly signal?: AbortSignal | undefined;
  /** What errors call it, where the command is only a wrapper. */
  readonly name?: string;
  /** Hears each line of its standard output. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/**
 * Makes a tool die with us however we die: it leads a process group of its own, and a watcher in it kills the group
 * when our end of its standard input closes. A death signal of the parent (setpriv --pdeathsig) would reach mmdebstrap
 * itself but not the apt and dpkg below it. When the tool ends the pipe closes too, so nothing of it stays behind.
 */
const DIE_WITH_US = 'exec 3<&0 </dev/null; { read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & exec 3<&-; exec "$@"';

/** A tool that failed; the message has its last lines. */
export class ToolFailed extends Broken {
  /** All that it said. */
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/** Passes lines on, and tells somebody of each. */
const passing = (onLine: (line: string) => void) =>
  function* (line: unknown): Generator {
    onLine(String(line));
    yield line;
  };

/** Runs a host tool to its end, and returns what it said. Failure is ToolFailed. */
export async function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const {cwd, env, signal, onLine, name = command} = options;
  try {
    const {all} = await execa('/bin/sh', ['-c', DIE_WITH_US, 'sh', command, ...args], {
      detached: true,
      stdin: 'pipe',
      ...(onLine === undefined ? {} : {stdout: passing(onLine)}),
      all: true,
      maxBuffer: 16 * MiB,
      env: {PATH: path, LC_ALL: 'C.UTF-8', ...env},
      ...(cwd === undefined ? {} : {cwd}),
      ...(signal ? {cancelSignal: signal} : {}),
    });
    return all;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (!(error instanceof ExecaError)) throw error;
    const how =
      error.exitCode === undefined
        ? `died of ${error.signal ?? error.shortMessage}`
        : `failed (exit status ${error.exitCode})`;
    const output = String(error.all);
    throw new ToolFailed(`${name} ${how}; its last lines:\n${lastLines(output, 15)}`, output);
  }
}
