import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {readKnown, type KnownDeviation} from '../../lib/conformance/verdict/known.ts';
import {execute, type Execution} from '../../lib/conformance/runner/execute.ts';
import {slowness, verdict} from '../../lib/conformance/runner/run-case.ts';
import type {Judgement} from '../../lib/conformance/verdict/outcome.ts';
import {ensureImage} from '../../lib/image/ensure.ts';
import {defaultGuest, loadManifest} from '../../lib/image/manifest.ts';
import {clone} from '../../lib/machine/clone.ts';
import {profileByName} from '../../lib/machine/profile.ts';
import {ensureTemplate, type Template} from '../../lib/machine/template.ts';
import {boardOf} from '../../lib/machine/board/boards.ts';
import {findQemu} from '../../lib/vmm/qemu/binary.ts';
import {library, serve, warmUp} from '../../lib/run/guest-script.ts';
import {loadSuites} from '../../lib/run/suites.ts';
import {Broken} from '../../lib/util/errors.ts';
import type {Log} from '../../lib/util/log.ts';
import {shellQuote} from '../../lib/util/text.ts';
import {hostileGuests, type HostileGuest} from './guests.ts';

/** The default guest with the script of every hostile guest in it: one boot for all of them. */
export async function hostileTemplate(cache: string, log: Log): Promise<Template> {
  const image = await ensureImage(await loadManifest(defaultGuest()), {cache, serve, log});
  const prepare = [
    'mkdir -p /run/hostile',
    ...hostileGuests.map(({name, script}) => `printf '%s\\n' ${shellQuote(script)} >/run/hostile/${name}.sh`),
  ];
  const qemu = await findQemu(boardOf(image.arch).qemu);
  const config = {
    image: {...image, name: `${image.name}-hostile`, prepare},
    profile: profileByName('q35'),
    accel: 'tcg',
    qemu: qemu.version,
    append: '',
  } as const;
  return await ensureTemplate(config, {cache, qemu, log, bootMs: 60_000 * slowness('tcg'), serve, library, warmUp});
}

export interface Judged extends Judgement {
  readonly execution: Execution;
}

/** Executes a hostile guest's case on a clone that lies. */
export async function judge(
  hostile: HostileGuest,
  template: Template,
  known: readonly KnownDeviation[],
): Promise<Judged> {
  const entry = (await loadSuites()).find(({id}) => id === hostile.case);
  if (!entry) throw new Broken(`there is no case ${hostile.case}`);
  const dir = await mkdtemp(join(tmpdir(), 'memhp-hostile-'));
  const ms = 20_000 * slowness('tcg');
  try {
    const execution = await execute(entry, {
      open: async () => {
        const guest = await clone(template, {ms, filesDir: dir});
        try {
          await guest.shell.run(`. /run/hostile/${hostile.name}.sh`, ms);
        } catch (error) {
          await guest.close();
          throw error;
        }
        return guest;
      },
      limits:
        hostile.seconds === undefined
          ? {shellMs: ms, operationMs: ms}
          : {shellMs: hostile.seconds * 1000, operationMs: hostile.seconds * 1000},
      ms: 4 * ms,
    });
    return {
      ...verdict(entry, execution, {kernel: template.facts.kernel, guest: template.config.image.name, known}),
      execution,
    };
  } finally {
    await rm(dir, {recursive: true});
  }
}

/** What is wrong with the verdict on a hostile guest; nothing, where it is the one expected. */
export function misjudged({outcome, words}: HostileGuest, judged: Judged): string[] {
  const shown = JSON.stringify([
    judged.reason,
    judged.checks,
    judged.execution.sessions.map(({steps}) => steps),
    judged.execution.console,
  ]);
  return [
    ...(judged.outcome === outcome ? [] : [`${judged.outcome} instead of ${outcome}: ${judged.reason.slice(0, 1000)}`]),
    ...(words.test(judged.reason) ? [] : [`the reason is not ${String(words)}: ${judged.reason.slice(0, 1000)}`]),
    ...(/\\u00[01]|\\b|\\f|\\r|[\u007F-\u009F]/.test(shown) ? ['there are control characters in what it shows'] : []),
  ];
}

/** All hostile guests, one after the other. Returns the number that got another verdict than the one expected. */
export async function judgeAll(cache: string, only: readonly string[], say: Log): Promise<number> {
  const [template, known] = [await hostileTemplate(cache, say), await readKnown()];
  let wrong = 0;
  for (const hostile of hostileGuests.filter(({name}) => only.length === 0 || only.includes(name))) {
    const judged = await judge(hostile, template, known);
    const problems = misjudged(hostile, judged);
    if (problems.length > 0) wrong += 1;
    say(
      `${hostile.name}: ${judged.outcome}: ` +
        `${judged.reason.slice(0, 200)}${problems.map((one) => `\n  WRONG: ${one}`).join('')}`,
    );
  }
  return wrong;
}
