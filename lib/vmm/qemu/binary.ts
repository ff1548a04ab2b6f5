import {stat} from 'node:fs/promises';
import {resolve} from 'node:path';
import {execa} from 'execa';
import {UsageError} from '../../util/errors.ts';

/** A QEMU program and its version. */
export interface QemuBinary {
  readonly path: string;
  /** As text, e.g. `7.2.22`. */
  readonly version: string;
  /** What it is started by where its path alone isn't enough: a loader with its libraries. */
  readonly command?: readonly string[] | undefined;
  /** Below this is what was fetched with it, its firmware above all; absent: the host's root. */
  readonly root?: string | undefined;
  /** What tells it from another one that was at the same path before; absent for the host's own. */
  readonly build?: string | undefined;
  /** The models of memory devices that it has; undefined where it was not asked. */
  readonly models?: readonly string[];
}

/** The words that start it, before its arguments. */
export const commandOf = ({path, command = [path]}: Pick<QemuBinary, 'path' | 'command'>): readonly string[] => command;

const said = async (
  qemu: Pick<QemuBinary, 'path' | 'command'>,
  args: readonly string[],
): Promise<{stdout: string; exitCode?: number | undefined; shortMessage?: string | undefined}> => {
  const [program = '', ...rest] = commandOf(qemu);
  return await execa(program, [...rest, ...args], {reject: false, timeout: 20_000});
};

/** Asks a QEMU program which models of memory devices it has. Throws UsageError. */
export async function modelsOf(qemu: Pick<QemuBinary, 'path' | 'command'>): Promise<string[]> {
  const {stdout, exitCode, shortMessage} = await said(qemu, ['-device', 'help']);
  const models = [...stdout.matchAll(/^name "((?:pc-dimm|nvdimm|virtio-(?:mem|balloon|pmem))[\w-]*)"/gm)];
  if (exitCode !== 0) throw new UsageError(`${qemu.path} -device help: ${shortMessage ?? 'it failed'}`);
  return models.map(([, name = '']) => name);
}

/**
 * Asks a QEMU program (a path, or a name to look up) for its version. Throws UsageError, with the package that would
 * bring it.
 */
export async function findQemu(path: string, from = 'QEMU'): Promise<QemuBinary> {
  if (!path.includes('/')) return {path, version: await versionOf({path}, from)};
  const whole = resolve(path);
  const version = await versionOf({path: whole}, from);
  const {size, mtimeMs} = await stat(whole);
  return {path: whole, version, build: `${size} ${mtimeMs}`};
}

/** A QEMU program that was fetched, with its version. Throws UsageError where it doesn't run. */
export const fetchedQemu = async (qemu: {
  readonly path: string;
  readonly command: readonly string[];
  readonly root: string;
}): Promise<QemuBinary> => ({...qemu, version: await versionOf(qemu)});

async function versionOf(qemu: Pick<QemuBinary, 'path' | 'command'>, from = 'QEMU'): Promise<string> {
  const {stdout, exitCode, shortMessage} = await said(qemu, ['--version']);
  const version = /version \d+\.\d+[\d.]*/.exec(stdout);
  if (exitCode !== 0 || !version) {
    throw new UsageError(
      `${qemu.path} --version: wanted QEMU's version, ` +
        `${shortMessage ?? `seen "${stdout.split('\n')[0] ?? ''}"`}; install ${from}, or name it with --qemu PATH`,
    );
  }
  return version[0].slice('version '.length);
}
