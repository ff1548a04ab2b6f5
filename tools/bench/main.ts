// `npm run bench [-- --json]`: what memhp's work takes, and whether that is within the bars (docs/bench.md).
import {mkdtemp, rm} from 'node:fs/promises';
import {loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {ensureTemplate} from '../../lib/machine/template.ts';
import {messageOf, UsageError} from '../../lib/util/errors.ts';
import {cacheDir} from '../../lib/util/paths.ts';
import {bars, isMet, table, type Figures} from './bars.ts';
import {bootAndFreeze} from './boot.ts';
import {memhp} from './command.ts';
import {floorCycle, ourCycle} from './cycle.ts';
import {BIG, BIG_APPEND, subjectOf, withClone, type Subject} from './guest.ts';
import {growTo128GiB, looks} from './looks.ts';
import {memoryOf} from './memory.ts';
import {reportCosts} from './report.ts';
import {measured, quotients, timed} from './stats.ts';
import {wholeRun} from './whole.ts';

const {values} = parseArgs({
  options: {
    json: {type: 'boolean', default: false},
    guest: {type: 'string'},
    mirror: {type: 'string'},
    /** A run directory of all cases. */
    whole: {type: 'string'},
    only: {type: 'string', multiple: true},
    rounds: {type: 'string', default: '1'},
  },
});
const log = (line: string): void => void process.stderr.write(`memhp: ${line}\n`);
const rounds = Number(values.rounds);
const loads: number[] = [];

type Part = (subject: () => Promise<Subject>) => Promise<Figures>;

const parts: Record<string, Part> = {
  clone: async (get) => {
    const subject = await get();
    const boots: number[] = [];
    const freezes: number[] = [];
    const clones: number[] = [];
    for (let n = 0; n < 3 * rounds; n++) {
      const {boot, freeze} = await bootAndFreeze(subject);
      boots.push(boot / 1000);
      freezes.push(freeze);
      for (let i = 0; i < 4; i++)
        clones.push(
          (await timed(() => withClone(subject.template, subject.ms, ({shell}) => shell.run('true', subject.ms)))).ms,
        );
    }
    const [boot, clone] = [measured(boots, 's'), measured(clones, 'ms')];
    return {
      'cold boot': boot,
      'snapshot freeze': measured(freezes, 'ms'),
      'clone to first command': clone,
      'boot / clone': measured([(boot.median * 1000) / clone.median], '×'),
    };
  },
  observation: async (get) => {
    const subject = await get();
    const {ms} = subject;
    const few = await withClone(subject.template, ms, (guest) => looks(guest, 10 * rounds, ms, 8));
    const big = await ensureTemplate({...subject.config, profile: BIG, append: BIG_APPEND}, subject.options);
    const many = await withClone(big, ms, async (guest) => {
      await growTo128GiB(guest, ms);
      return looks(guest, 10 * rounds, ms, 1024);
    });
    return {'observation of 8 blocks': measured(few, 'ms'), 'observation of 1,024 blocks': measured(many, 'ms')};
  },
  cycle: async (get) => {
    const {template, ms} = await get();
    const ours: number[] = [];
    const steps: number[] = [];
    const floors: number[] = [];
    const memory: {rss: number; pss: number}[] = [];
    for (let n = 0; n < 8 * rounds; n++) {
      await withClone(template, ms, async (guest) => {
        ours.push(await ourCycle(guest, ms));
        memory.push(await memoryOf(guest));
      });
      const floor = await withClone(template, ms, (guest) => floorCycle(guest, ms));
      steps.push(floor.steps);
      floors.push(floor.steps + floor.looks);
    }
    return {
      cycle: measured(ours, 'ms'),
      'cycle, floor': measured(floors, 'ms'),
      'cycle, floor without looking': measured(steps, 'ms'),
      'cycle / floor': measured(quotients(ours, floors), '×'),
      'cycle / floor without looking': measured(quotients(ours, steps), '×'),
      'QEMU of a clone, RSS': measured(
        memory.map(({rss}) => rss),
        'MB',
      ),
      'QEMU of a clone, PSS': measured(
        memory.map(({pss}) => pss),
        'MB',
      ),
    };
  },
  run: async (get) => {
    const {config} = await get();
    const dir = await mkdtemp(join(tmpdir(), 'memhp-bench-'));
    try {
      const costs = [];
      for (let n = 0; n <= 3 * rounds; n++)
        costs.push(
          await memhp([
            'run',
            'online/movable',
            '--guest',
            values.guest ?? config.image.name,
            '--jobs',
            '1',
            '--out',
            join(dir, String(n)),
            ...(values.mirror ? ['--mirror', values.mirror] : []),
          ]),
        );
      const warm = costs.slice(1);
      return {
        'warm run of one case': measured(
          warm.map(({ms}) => ms / 1000),
          's',
        ),
        "memhp's node processes together": measured(
          warm.map(({peaks}) => peaks.reduce((sum, one) => sum + one, 0)),
          'MB',
        ),
      };
    } finally {
      await rm(dir, {recursive: true});
    }
  },
  report: async () => {
    const costs = await reportCosts(tmpdir(), 3 * rounds);
    return {
      'report of 10,000 records': measured(
        costs.map(({ms}) => ms / 1000),
        's',
      ),
      'report of 10,000 records, memory': measured(
        costs.map(({peaks}) => peaks[0] ?? NaN),
        'MB',
      ),
    };
  },
};

async function bench(): Promise<Figures> {
  const unknown = values.only?.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined)
    throw new UsageError(`bench has no part ${unknown}; there are ${Object.keys(parts).join(', ')}`);
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError('--rounds: wanted a whole number from 1 up');
  let subject: Promise<Subject> | undefined; // the report needs no guest
  const get = (): Promise<Subject> =>
    (subject ??= subjectOf({guest: values.guest, mirror: values.mirror, cache: cacheDir(), log}));
  let figures: Figures = {};
  for (const [name, part] of Object.entries(parts)) {
    if (values.only && !values.only.includes(name)) continue;
    log(`${name} …`);
    loads.push(loadavg()[0] ?? NaN);
    figures = {...figures, ...(await part(get))};
    loads.push(loadavg()[0] ?? NaN);
  }
  const whole = values.whole === undefined ? {} : await wholeRun(values.whole);
  return {...figures, ...whole, "the host's load average": measured(loads, '')};
}

try {
  const figures = await bench();
  const asked = bars.filter(({name}) => values.only === undefined || name in figures);
  process.stdout.write(values.json ? `${JSON.stringify(figures, undefined, 2)}\n` : table(figures, asked));
  process.exitCode = asked.every((bar) => isMet(bar, figures)) ? 0 : 1;
} catch (error) {
  log(messageOf(error));
  process.exitCode = error instanceof UsageError ? 2 : 3;
}
