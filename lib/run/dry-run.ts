import {join} from 'node:path';
import type {Log} from '../util/log.ts';
import {shellQuote} from '../util/text.ts';
import {pasteArgs} from '../machine/commandline.ts';
import {boardOf} from '../machine/board/boards.ts';
import {nameOn} from '../machine/profile.ts';
import {commandOf} from '../vmm/qemu/binary.ts';
import type {CacheUse} from './cache-use.ts';
import type {RunOptions} from './options.ts';
import {hostsOf, prepareImages, wantedConfigs} from './prepare.ts';
import {loadSuites, selectCases} from './suites.ts';

/**
 * The QEMU command of each boot config that the run would need, to paste into a terminal: console and monitor on stdio.
 */
export async function dryRun(options: RunOptions, use: CacheUse, log: Log, signal: AbortSignal): Promise<string> {
  const cases = selectCases(await loadSuites(), options.patterns);
  const guests = await prepareImages(options, use, log, signal);
  return wantedConfigs(await hostsOf(guests, options, log), cases, options.append)
    .map(({config, qemu, severalQemus, cases: entries}) => {
      const words = [...commandOf(qemu), ...pasteArgs(config)].map((word) =>
        /^[\w./:=,@+-]+$/.test(word) ? word : shellQuote(word),
      );
      return (
        `# ${join(config.image.name, nameOn(config.profile, boardOf(config.image.arch)))}${severalQemus ? `, QEMU ${qemu.version}` : ''}${config.append ? `, ${config.append}` : ''}: ` +
        `${entries.map(({id}) => id).join(' ')}\n${words.join(' ')}\n`
      );
    })
    .join('\n');
}
