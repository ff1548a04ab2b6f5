import {execa} from 'execa';
import {UsageError} from '../../util/errors.ts';

/** A QEMU program and its version. */
export interface QemuBinary {
  readonly path: string;
  /** As text, e.g. `7.2.22`. */
  readonly version: string;
}

const SYSTEM: Record<string, string> = {
  amd64: 'qemu-system-x86_64',
  arm64: 'qemu-system-aarch64',
  ppc64el: 'qemu-system-ppc64',
  s390x: 'qemu-system-s390x',
  riscv64: 'qemu-system-riscv64',
};

/** Finds QEMU for an architecture (or takes `path`) and asks it for its version. Throws UsageError. */
export async function findQemu(arch: string, path = SYSTEM[arch] ?? `qemu-system-${arch}`): Promise<QemuBinary> {
  const {stdout, exitCode, shortMessage} = await execa(path, ['--version'], {reject: false, timeout: 20_000});
  const version = /version \d+\.\d+[\d.]*/.exec(stdout);
  if (exitCode !== 0 || !version) {
    throw new UsageError(
      `${path} --version: wanted QEMU's version, ${shortMessage ?? `seen "${stdout.split('\n')[0] ?? ''}"`}; install QEMU or name it with --qemu PATH`,
    );
  }
  return {path, version: version[0].slice('version '.length)};
}
