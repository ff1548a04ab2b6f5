import {execa} from 'execa';
import {UsageError} from '../../util/errors.ts';

/** A QEMU program and its version. */
export interface QemuBinary {
  readonly path: string;
  /** As text, e.g. `7.2.22`. */
  readonly version: string;
  /** The models of memory devices that it has; undefined where it was not asked. */
  readonly models?: readonly string[];
}

/** Asks a QEMU program which models of memory devices it has. Throws UsageError. */
export async function modelsOf(path: string): Promise<string[]> {
  const {stdout, exitCode, shortMessage} = await execa(path, ['-device', 'help'], {reject: false, timeout: 20_000});
  const models = [...stdout.matchAll(/^name "((?:pc-dimm|nvdimm|virtio-(?:mem|balloon|pmem))[\w-]*)"/gm)];
  if (exitCode !== 0) throw new UsageError(`${path} -device help: ${shortMessage ?? 'it failed'}`);
  return models.map(([, name = '']) => name);
}

/**
 * Asks a QEMU program (a path, or a name to look up) for its version. Throws UsageError, with the package that would
 * bring it.
 */
export async function findQemu(path: string, from = 'QEMU'): Promise<QemuBinary> {
  const {stdout, exitCode, shortMessage} = await execa(path, ['--version'], {reject: false, timeout: 20_000});
  const version = /version \d+\.\d+[\d.]*/.exec(stdout);
  if (exitCode !== 0 || !version) {
    throw new UsageError(
      `${path} --version: wanted QEMU's version, ` +
        `${shortMessage ?? `seen "${stdout.split('\n')[0] ?? ''}"`}; install ${from}, or name it with --qemu PATH`,
    );
  }
  return {path, version: version[0].slice('version '.length)};
}
