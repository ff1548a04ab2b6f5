import {MiB} from '../../../util/size.ts';
import {messageOf, UsageError} from '../../../util/errors.ts';
import {readAtMost} from '../../../util/files.ts';
import type {Arch} from '../../image.ts';

/** A kernel file that QEMU boots directly. */
export interface KernelFile {
  readonly data: Buffer;
  readonly arch: Arch;
  /** `uname -r` of it, where the file tells. */
  readonly version?: string;
}

/** Bytes of a kernel file. */
const LARGEST = 512 * MiB;

/** Reads a kernel and finds out what it is. A file that is no kernel is a UsageError that says what was seen. */
export async function readKernel(file: string): Promise<KernelFile> {
  let data: Buffer;
  try {
    data = await readAtMost(file, LARGEST);
  } catch (error) {
    throw new UsageError(`${file}: can't read the kernel: ${messageOf(error)}`, {cause: error});
  }
  return identifyKernel(file, data);
}

/** As readKernel, for a file that was read. */
export function identifyKernel(file: string, data: Buffer): KernelFile {
  const text = (offset: number, length: number): string => data.toString('latin1', offset, offset + length);
  if (text(0x202, 4) === 'HdrS') {
    // Documentation/arch/x86/boot.rst: kernel_version at 0x20e, xloadflags at 0x236 with XLF_KERNEL_64 as bit 0.
    if (data.length < 0x238) throw noKernel(file, 'a bzImage that is cut off');
    if (((data[0x236] ?? 0) & 1) === 0) throw noKernel(file, 'a bzImage of a 32-bit x86 kernel');
    const pointer = data.readUInt16LE(0x20e);
    const version =
      pointer === 0 ? '' : (/^\d[\w.+~-]*/.exec(text(pointer + 0x200, 128).split('\0')[0] ?? '')?.[0] ?? '');
    return {data, arch: 'amd64', ...(version ? {version} : {})};
  }
  if (text(0x38, 4) === 'ARM\x64') return {data, arch: 'arm64', ...banner(data)};
  if (text(0x38, 4) === 'RSC\x05') return {data, arch: 'riscv64', ...banner(data)};
  if (text(0x10008, 6) === 'S390EP') return {data, arch: 's390x', ...banner(data)};
  if (text(0, 4) === '\x7FELF') {
    // e_machine; PowerPC boots its ELF vmlinux, little-endian as Debian has it.
    if (data.length >= 0x14 && data[5] === 1 && data.readUInt16LE(0x12) === 21)
      return {data, arch: 'ppc64el', ...banner(data)};
    throw noKernel(file, 'an ELF file (vmlinux?); on x86 QEMU boots arch/x86/boot/bzImage');
  }
  if (data[0] === 0x1f && data[1] === 0x8b) throw noKernel(file, 'a gzip file; unpack it with gunzip');
  throw noKernel(
    file,
    data.length === 0
      ? 'an empty file'
      : `a file of ${data.length} bytes that starts with ${JSON.stringify(text(0, 12))}`,
  );
}

/**
 * The version in the banner of a kernel that isn't compressed, `Linux version 6.12.9 (…) …`, or in that of s390x's
 * decompressor, `6.12.9 (user@host) #1 …` (arch/s390/boot/version.c).
 */
function banner(data: Buffer): {version?: string} {
  const text = data.toString('latin1', 0, 256 * MiB); // a string has an end, and no kernel is as large
  const version = /(?:Linux version (\d+\.\d+[\w.+~-]*) \(|(?:^|\0)(\d+\.\d+[\w.+~-]*) \([^()\0]*@[^()\0]*\) #\d)/.exec(
    text,
  );
  const found = version?.[1] ?? version?.[2];
  return found === undefined ? {} : {version: found};
}

const noKernel = (file: string, seen: string): UsageError =>
  new UsageError(
    `${file}: is no kernel that can be booted directly: it is ${seen}; expected an x86 bzImage or an arm64 ` +
      `or riscv64 Image`,
  );
