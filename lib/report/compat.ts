import {z} from 'zod';
import {type Json, type Record, kernelSeen, outcomes, vmmText} from '../results/record.ts';
import type {LoadedRun} from '../results/store.ts';
import {countOutcomes, groupBy, summarize} from '../results/summary.ts';
import {udevFact, whoOnlined} from '../results/udev.ts';
import {claimHistories} from './kernel-claims.ts';
import {UNKNOWN, formatMs, suiteOf, tally, verdictWord} from './words.ts';

const counts = z.object(
  Object.fromEntries(outcomes.map((name) => [name, z.number().int()])) as {
    [name in (typeof outcomes)[number]]: z.ZodInt;
  },
);

/** One guest of the compatibility table. Several values, e.g. of two kernels, are joined with a comma. */
export const compatGuest = z.object({
  guest: z.string(),
  distro: z.string(),
  release: z.string(),
  /** Empty where the guest never came up. */
  kernel: z.string(),
  arch: z.string(),
  machine: z.string(),
  accel: z.string(),
  /** The hypervisor and its version: QEMU 7.2.22. */
  vmm: z.string(),
  verdict: z.enum(['pass', 'known', 'fail', 'incomplete', 'no verdict']),
  counts,
  suites: z.record(z.string(), counts),
  /** What the guest does by itself, as its cases published it. */
  facts: z.record(z.string(), z.json()),
});

/** The file compat.json. */
export const compat = z.object({
  schema: z.literal(2),
  memhp: z.string(),
  startedAt: z.iso.datetime(),
  guests: z.array(compatGuest),
  /** The kernels' configs, and what became of claims from one to the next; absent where the run tells of neither. */
  kernels: z.array(kernelSeen).optional(),
  claims: z.array(z.object({claim: z.string(), series: z.string(), text: z.string()})).optional(),
});

export type Compat = z.infer<typeof compat>;
export type CompatGuest = z.infer<typeof compatGuest>;

export function compatOf(loaded: LoadedRun): Compat {
  const {memhp, startedAt} = loaded.run;
  const byGuest = groupBy(loaded.records, (record) => record.cell.guest);
  const {guests, cells} = summarize(loaded);
  const claims = claimHistories(loaded.records);
  return compat.parse({
    schema: 2,
    memhp,
    startedAt,
    ...(loaded.run.kernels === undefined ? {} : {kernels: loaded.run.kernels}),
    ...(claims.length === 0 ? {} : {claims}),
    guests: guests.map(({guest, counts, verdict}) => {
      const records = byGuest.get(guest) ?? [];
      const own = cells.flatMap(({cell}) => (cell.guest === guest ? [cell] : []));
      const all = (field: 'distro' | 'release' | 'kernel' | 'arch' | 'machine' | 'accel'): string =>
        [...new Set(own.map((cell) => cell[field]).filter(Boolean))].join(', ');
      return {
        guest,
        ...{distro: all('distro'), release: all('release'), kernel: all('kernel'), arch: all('arch')},
        ...{machine: all('machine'), accel: all('accel')},
        vmm: [...new Set(own.map((cell) => vmmText(cell)))].join(', '),
        verdict,
        counts,
        suites: Object.fromEntries(
          [...groupBy(records, (record) => suiteOf(record.case))].map(([suite, group]) => [
            suite,
            countOutcomes(group),
          ]),
        ),
        facts: factsOf(records),
      };
    }),
  });
}

/**
 * What the untouched guest does goes before what it does in other suites, and those as it is before those with kernel
 * parameters.
 */
function factsOf(records: readonly Record[]): {[name: string]: Json} {
  const rank = ({case: id, append}: Record): number => (append === '' ? 0 : 2) + (suiteOf(id) === 'defaults' ? 0 : 1);
  const asItIs = [...records].sort((a, b) => rank(a) - rank(b));
  return Object.fromEntries(asItIs.reverse().flatMap((record) => Object.entries(record.facts)));
}

export interface CompatTable {
  head: string[];
  rows: {guest: CompatGuest; cells: string[]}[];
}

/** The compatibility table as plain text, for any format. The last column is the verdict. */
export function compatTable({guests}: Compat): CompatTable {
  return {
    head: [
      'guest',
      'kernel',
      'auto-online policy',
      'who onlines',
      'into zone',
      'last block after',
      'unplug as it is',
      'cases',
      'verdict',
    ],
    rows: guests.map((guest) => {
      const facts = {...seenByUdev(guest.facts), ...guest.facts};
      return {
        guest,
        cells: [
          guest.guest,
          guest.kernel || UNKNOWN,
          policy(facts),
          text(facts['onlinedBy']),
          text(facts['zone']),
          typeof facts['msToLastBlock'] === 'number' ? formatMs(facts['msToLastBlock']) : text(facts['msToLastBlock']),
          text(facts['unplug']),
          tally(guest.counts),
          verdictWord(guest.verdict),
        ],
      };
    }),
  };
}

/** What the suite `defaults` publishes, as far as the case udev/effect has seen it too: for runs without that suite. */
function seenByUdev(facts: CompatGuest['facts']): CompatGuest['facts'] {
  const {data} = udevFact.safeParse(facts['udev']);
  if (!data) return {};
  const zones = [...new Set(data.blocks.map(({zone}) => zone ?? 'not online'))];
  return {
    policy: data.policy,
    onlinedBy: whoOnlined(data.blocks, true),
    zone: zones.join(', '),
    msToLastBlock: data.msToLastBlock,
  };
}

/** How each suite ended on each guest. */
export function suiteTable({guests}: Compat): {head: string[]; rows: string[][]} {
  const suites = [...new Set(guests.flatMap((guest) => Object.keys(guest.suites)))];
  return {
    head: ['suite', ...guests.map(({guest}) => guest)],
    rows: suites.map((suite) => [
      suite,
      ...guests.map((guest) => (guest.suites[suite] ? tally(guest.suites[suite]) : UNKNOWN)),
    ]),
  };
}

function policy({policy: now, configPolicy: built}: CompatGuest['facts']): string {
  return built === undefined || built === null ? text(now) : `${text(now)} (config: ${text(built)})`;
}

function text(fact: Json | undefined): string {
  if (fact === undefined || fact === null || fact === '') return UNKNOWN;
  return typeof fact === 'string' ? fact : JSON.stringify(fact);
}
