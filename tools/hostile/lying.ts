import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {readKnown, type KnownDeviation} from '../../lib/conformance/verdict/known.ts';
import {play, type Played} from '../../lib/conformance/runner/play.ts';
import {slowness, verdict} from '../../lib/conformance/runner/run-case.ts';
import type {Judgement} from '../../lib/conformance/verdict/outcome.ts';
import {ensureImage} from '../../lib/image/ensure.ts';
import {defaultGuest, loadManifest} from '../../lib/image/manifest.ts';
import {clone} from '../../lib/machine/clone.ts';
import {profileByName} from '../../lib/machine/profile.ts';
import {ensureTemplate, type Template} from '../../lib/machine/template.ts';
import {findQemu} from '../../lib/vmm/qemu/binary.ts';
import {library, serve, warmUp} from '../../lib/run/guest-script.ts';
import {loadSuites} from '../../lib/run/suites.ts';
import {Broken} from '../../lib/util/errors.ts';
import type {Log} from '../../lib/util/log.ts';
import {shellQuote} from '../../lib/util/text.ts';
import {liars, type Liar} from './liars.ts';

/** The default guest with every liar's script in it: one boot for all of them. */
export async function liarsGuest(cache: string, log: Log): Promise<Template> {
  const image = await ensureImage(await loadManifest(defaultGuest()), {cache, serve, log});
  const prepare = ['mkdir -p /run/liar', ...liars.map(({name, script}) => `printf '%s\\n' ${shellQuote(script)} >/run/liar/${name}.sh`)];
  const qemu = await findQemu(image.arch);
  const config = {image: {...image, name: `${image.name}-liars`, prepare}, profile: profileByName('q35'), accel: 'tcg', qemu: qemu.version, append: ''} as const;
  return await ensureTemplate(config, {cache, qemu, log, bootMs: 60_000 * slowness('tcg'), serve, library, warmUp});
}

export interface Heard extends Judgement {
  readonly played: Played;
}

/** Plays a liar's case on a clone that lies. */
export async function hear(liar: Liar, template: Template, known: readonly KnownDeviation[]): Promise<Heard> {
  const entry = (await loadSuites()).find(({id}) => id === liar.case);
  if (!entry) throw new Broken(`there is no case ${liar.case}`);
  const dir = await mkdtemp(join(tmpdir(), 'memhp-liar-'));
  const ms = 20_000 * slowness('tcg');
  try {
    const played = await play(entry, {
      open: async () => {
        const guest = await clone(template, {ms, filesDir: dir});
        try {
          await guest.shell.run(`. /run/liar/${liar.name}.sh`, ms);
        } catch (error) {
          await guest.close();
          throw error;
        }
        return guest;
      },
      limits: liar.seconds === undefined ? {shellMs: ms, operationMs: ms} : {shellMs: liar.seconds * 1000, operationMs: liar.seconds * 1000},
      ms: 4 * ms,
    });
    return {...verdict(entry, played, {kernel: template.facts.kernel, guest: template.config.image.name, known}), played};
  } finally {
    await rm(dir, {recursive: true});
  }
}

/** What is wrong with the verdict on a liar; nothing, where it is the one expected. */
export function misjudged({outcome, words}: Liar, heard: Heard): string[] {
  const shown = JSON.stringify([heard.reason, heard.checks, heard.played.stages.map(({steps}) => steps), heard.played.console]);
  return [
    ...heard.outcome === outcome ? [] : [`${heard.outcome} instead of ${outcome}: ${heard.reason.slice(0, 1000)}`],
    ...words.test(heard.reason) ? [] : [`the reason is not ${String(words)}: ${heard.reason.slice(0, 1000)}`],
    ...(/\\u00[01]|\\b|\\f|\\r|[\u007F-\u009F]/.test(shown) ? ['there are control characters in what it shows'] : []),
  ];
}

/** All liars, one after the other. Returns the number that got another verdict than the one expected. */
export async function hearAll(cache: string, only: readonly string[], say: Log): Promise<number> {
  const [template, known] = [await liarsGuest(cache, say), await readKnown()];
  let wrong = 0;
  for (const liar of liars.filter(({name}) => only.length === 0 || only.includes(name))) {
    const heard = await hear(liar, template, known);
    const problems = misjudged(liar, heard);
    if (problems.length > 0) wrong += 1;
    say(`${liar.name}: ${heard.outcome}: ${heard.reason.slice(0, 200)}${problems.map((one) => `\n  WRONG: ${one}`).join('')}`);
  }
  return wrong;
}
