import {constants} from 'node:fs';
import {access, readFile, stat} from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import type {Arch} from '../image/image.ts';
import {builtKernel} from '../image/kernel/build.ts';
import {readAsked} from '../image/kernel/options.ts';
import {usingCache} from '../run/cache-use.ts';
import {Progress} from '../run/progress.ts';
import {messageOf, UsageError} from '../util/errors.ts';
import {isThere, writeWhole} from '../util/files.ts';
import {abortOnSignals} from './run.ts';

/** The command's options, as they come from the command line. */
export interface KernelBuildGiven {
  readonly arch: Arch;
  readonly enable: readonly string[];
  readonly disable: readonly string[];
  readonly suite: string;
  readonly jobs?: number | undefined;
  readonly out?: string | undefined;
  readonly mirror?: string | undefined;
}

/** `memhp kernel build`: prints the kernel's path, for `--kernel`. */
export async function kernelBuildCommand(given: KernelBuildGiven, cache: string): Promise<void> {
  const {arch, suite, jobs, out, mirror} = given;
  const options = readAsked(given.enable, given.disable);
  if (out !== undefined) await refusePlace(out);
  const signal = abortOnSignals();
  const {log} = new Progress();
  await usingCache(cache, async (use) => {
    await use.begin();
    const {kernel, config} = await builtKernel({arch, suite, options, jobs}, {cache, mirror, log, signal});
    if (out !== undefined) {
      if (config !== undefined) await writeWhole(`${out}.config`, await readFile(config));
      await writeWhole(out, await readFile(kernel));
    }
    process.stdout.write(`${out ?? kernel}\n`);
  });
}

/** Minutes of compiling are not to end in a place that can't be written to. */
async function refusePlace(out: string): Promise<void> {
  if ((await isThere(out)) && (await stat(out)).isDirectory())
    throw new UsageError(`--out ${out}: is a directory; wanted the name of the file that the kernel is to be`);
  try {
    await access(dirname(resolve(out)), constants.W_OK);
  } catch (error) {
    throw new UsageError(`--out ${out}: can't be written: ${messageOf(error)}`, {cause: error});
  }
}
