import {Command, CommanderError, Option} from 'commander';
import {accelChoices, type AccelChoice} from '../vmm/qemu/accelerator.ts';
import {policies} from '../udev/guest.ts';
import {wants} from '../udev/root/fix/wanted.ts';
import {ARCHES} from '../image/image.ts';
import {SUITES} from '../image/sources/debian/suites.ts';
import {Broken, UsageError} from '../util/errors.ts';
import {cacheDir} from '../util/paths.ts';
import {clean} from '../util/text.ts';
import {version} from '../util/version.ts';
import type {BuildGiven} from './build.ts';
import type {DoctorGiven} from './doctor.ts';
import type {KernelBuildGiven} from './kernel.ts';
import type {ListGiven} from './list.ts';
import type {RunGiven} from './run.ts';
import {collect, mirror, parameters, positive, shard, word} from './values.ts';
import type {UdevLintGiven} from './udev.ts';

/** Exit status: usage error. */
const USAGE = 2;
/** Exit status: no verdict. */
const NO_VERDICT = 3;

/** The options by which a guest, its boot and its QEMU are chosen; `run` and `build` share them. */
const withGuestOptions = (command: Command): Command =>
  command
    .option('--guest <name|file>', 'guest by name (memhp guests) or manifest file; repeatable', collect, [])
    .option(
      '--kernel <bzImage|debian:pattern>',
      "boot this kernel, or Debian's of these releases, with a generated initramfs instead of a distribution; repeatable",
      collect,
      [],
    )
    .option('--modules <dir>', 'modules of that kernel (a tree like /lib/modules/VERSION)', word)
    .option('--append <parameters>', 'kernel parameters to add to every boot', parameters, '')
    .addOption(
      new Option('--accel <accelerator>', 'how guests run')
        .choices([...accelChoices])
        .default('auto' satisfies AccelChoice),
    )
    .option(
      '--qemu <path|debian:suite>',
      "QEMU program to use, or Debian's of this suite, fetched beside the system; repeatable: side by side",
      collect,
      [],
    )
    .option('--jobs <n>', 'cases at the same time', positive)
    .option('--mirror <url>', 'take Debian packages from this mirror', mirror)
    .option('--boot-timeout <seconds>', 'give a guest this long to come up', positive)
    .option('--patience <factor>', 'make every deadline longer by this factor, for a slow host', positive)
    .option('--fresh', 'boot templates anew instead of taking them from the cache', false);

const program = new Command('memhp')
  .description('conformance test harness for memory hot(un)plug: real guests under QEMU, real verdicts')
  .version(version)
  .exitOverride()
  .configureHelp({showGlobalOptions: true})
  .showHelpAfterError('(memhp --help shows what there is)');

withGuestOptions(program.command('run'))
  .description('run conformance cases and write the report')
  .argument('[suite|case|glob...]', 'which cases; all where none is named')
  .option('--shard <i/n>', 'run only every n-th case, beginning with the i-th', shard)
  .option('--out <dir>', 'run directory; a run that was cut off goes on there', word)
  .option('--dry-run', 'print the QEMU command of each boot config, and run nothing', false)
  .option('--json', "print the run's summary as JSON", false)
  .action(async (patterns: string[], options: Omit<RunGiven, 'cache'>) => {
    const {runCommand} = await import('./run.ts');
    process.exitCode = await runCommand(patterns, {...options, cache: cacheDir()});
  });

withGuestOptions(program.command('build'))
  .description('build images and templates ahead of time')
  .argument('[guest...]', 'guests by name or file')
  .action(async (guests: string[], options: Omit<BuildGiven, 'cache'>) => {
    const {buildCommand} = await import('./build.ts');
    process.exitCode = await buildCommand(guests, {...options, cache: cacheDir()});
  });

program
  .command('kernel')
  .description('kernels with what the suites need')
  .command('build')
  .description("build a kernel of Debian's source with a small config, for run --kernel; prints its path")
  .addOption(new Option('--arch <arch>', 'its architecture').choices([...ARCHES]).makeOptionMandatory())
  .option('--enable <option>', 'an option of its config, or OPTION=VALUE; repeatable', collect, [])
  .option('--disable <option>', 'an option that is not to be set; repeatable', collect, [])
  .addOption(
    new Option('--suite <suite>', "the suite of Debian's whose linux-source it is built of")
      .choices([...SUITES])
      .default('trixie'),
  )
  .option('--jobs <n>', 'files that are compiled at the same time', positive)
  .option('--out <file>', 'put the kernel there as well, and its config beside it (FILE.config)', word)
  .option('--mirror <url>', 'take Debian packages from this mirror', mirror)
  .addHelpText(
    'after',
    '\nThe first kernel of a source takes 150 MB of download and 2 GB of the cache, each takes minutes to compile; see\n' +
      'docs/kernel-build.md. What the host lacks for it is named with the command that installs it.\n',
  )
  .action(async (given: KernelBuildGiven) => {
    const {kernelBuildCommand} = await import('./kernel.ts');
    await kernelBuildCommand(given, cacheDir());
  });

program
  .command('list')
  .description('the cases there are')
  .argument('[suite|case|glob...]', 'which cases; all where none is named')
  .option(
    '--kernel <debian:pattern>',
    "instead of cases, Debian's kernels that run would take; repeatable",
    collect,
    [],
  )
  .option('--mirror <url>', 'ask this mirror for them', mirror)
  .option('--json', 'as JSON', false)
  .action(async (patterns: string[], given: ListGiven) => {
    const {listCommand} = await import('./list.ts');
    await listCommand(patterns, given, cacheDir());
  });

program
  .command('claims')
  .description('the claims under test and the cases that test them; exit status 1 where one has none')
  .option('--json', 'as JSON', false)
  .action(async ({json}: {json: boolean}) => {
    const {claimsCommand} = await import('./claims.ts');
    process.exitCode = await claimsCommand(json);
  });

program
  .command('guests')
  .description('the guests there are')
  .option('--json', 'as JSON', false)
  .action(async ({json}: {json: boolean}) => {
    const {guestsCommand} = await import('./guests.ts');
    await guestsCommand(json, cacheDir());
  });

program
  .command('report')
  .description('write every format of the report from stored runs, merged')
  .argument('<dir...>', 'run directories')
  .requiredOption('--out <dir>', 'where to write', word)
  .option('--published', 'write only the compatibility table, as in reports/', false)
  .action(async (dirs: string[], options: {out: string; published: boolean}) => {
    const {reportCommand} = await import('./report.ts');
    await reportCommand(dirs, options);
  });

program
  .command('udev')
  .description('the udev rules that decide what becomes of plugged memory')
  .command('lint')
  .description('findings on rules files, without a guest; exit status 1 where one is an error')
  .argument(
    '<file|dir...>',
    'rules files, rules directories (the first comes before the others), or one root directory',
  )
  .option('--virt <name>', 'for guests of this virtualization, as systemd-detect-virt names it')
  .option('--arch <name>', 'for guests of this architecture')
  .addOption(new Option('--policy <policy>', 'for guests with this auto_online_blocks').choices([...policies]))
  .option('--kernel-release <version>', 'of a root: for this one of its kernels')
  .option('--fix', 'of a root: print the files that make it as wanted, proved by the lint')
  .addOption(new Option('--want <outcome>', 'with --fix: where plugged memory shall be').choices([...wants]))
  .option('--json', 'as JSON', false)
  .action(async (paths: string[], options: UdevLintGiven) => {
    const {udevLintCommand} = await import('./udev.ts');
    process.exitCode = udevLintCommand(paths, options);
  });

program
  .command('doctor')
  .description("the host's fitness: QEMU, accelerator and why, memory, disk, tools")
  .option('--qemu <path|debian:suite>', 'QEMU program to look at; repeatable', collect, [])
  .option('--mirror <url>', 'take Debian packages from this mirror', mirror)
  .action(async (given: DoctorGiven) => {
    const {doctorCommand} = await import('./doctor.ts');
    process.exitCode = await doctorCommand(given, cacheDir());
  });

program
  .command('clean')
  .description('what the cache holds, and its removal')
  .option('--templates', 'remove the templates', false)
  .option('--all', 'remove images and templates', false)
  .action(async (options: {templates: boolean; all: boolean}) => {
    const {cleanCommand} = await import('./clean.ts');
    await cleanCommand(options, cacheDir());
  });

// Whoever reads may leave (`memhp list | head`): what is being done is done all the same, and nobody hears of it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE; // commander has said what is wrong
  if (error instanceof UsageError) {
    process.stderr.write(`memhp: ${clean(error.message)}\n`);
    return USAGE;
  }
  if (error instanceof Broken) {
    process.stderr.write(`memhp: ${clean(error.message)}\n`);
    return NO_VERDICT;
  }
  process.stderr.write(
    `memhp: an error of memhp itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return NO_VERDICT;
}
