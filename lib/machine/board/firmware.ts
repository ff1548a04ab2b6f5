import {existsSync} from 'node:fs';
import {UsageError} from '../../util/errors.ts';

/** Firmware in two flash memories: its code, and the variables that it writes. */
export interface Flash {
  /** What it is called where it has to be installed: Debian's package. */
  readonly package: string;
  /** Where distributions keep the two files: the first pair that is there is taken. */
  readonly files: readonly {readonly code: string; readonly vars: string}[];
}

/**
 * QEMU's arguments for it. What the firmware writes into its variables stays in QEMU, and goes with the frozen state.
 * Throws UsageError where none of the files is there, below `root` or in the host.
 */
export function flashArgs(flash: Flash, root = '', isThere: (file: string) => boolean = existsSync): string[] {
  const found = flash.files.find(({code, vars}) => isThere(`${root}${code}`) && isThere(`${root}${vars}`));
  // In a QEMU option a comma in a value is written twice.
  const value = (file: string): string => `${root}${file}`.replaceAll(',', ',,');
  if (!found)
    throw new UsageError(
      `the firmware of such guests is not ${root === '' ? 'on this host' : `below ${root}`}: none of ${flash.files.map(({code}) => code).join(', ')}; ` +
        `install ${flash.package}`,
    );
  return [
    '-drive',
    `if=pflash,unit=0,format=raw,readonly=on,file=${value(found.code)}`,
    '-drive',
    `if=pflash,unit=1,format=raw,snapshot=on,file=${value(found.vars)}`,
  ];
}
