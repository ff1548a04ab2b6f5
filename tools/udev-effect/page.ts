import type {Outcome} from './pair.ts';
import type {Seen} from './seen.ts';

interface Page {
  readonly date: string;
  readonly command: string;
  /** What it ran on: `2 cores, TCG, QEMU 7.2.22`. */
  readonly machine: string;
  readonly outcomes: readonly Outcome[];
  /** Pairs without a verdict, and why. */
  readonly broken: readonly string[];
  /** Pairs that were not tried. */
  readonly left: number;
}

const KINDS = ['agrees', 'depends', 'explained', 'differs'] as const;
const count = (outcomes: readonly Outcome[], kind: Outcome['kind']): number =>
  outcomes.filter((one) => one.kind === kind).length;
const unique = (all: readonly string[]): string[] => [...new Set(all)].sort();

/** What a difference looks like, in lines: rules, guest, policy, event, predicted and seen. */
export function differencesOf({subject, guest, policy, verdicts, beside}: Outcome): string[] {
  const head = `${subject.name} on ${guest}, policy ${policy}`;
  return [
    ...verdicts
      .filter(({kind}) => kind === 'differs')
      .flatMap(({seen, differences, prediction}) =>
        differences.map(
          (one) =>
            `${head}, ${eventOf(seen)}: ` +
            `${one}${prediction.dependsOn.length > 0 ? ` (depends on ${prediction.dependsOn.join('; ')})` : ''}`,
        ),
      ),
    ...beside.filter(({because}) => because === undefined).map(({text}) => `${head}: ${text}`),
  ];
}

const eventOf = ({event, block, before}: Seen): string =>
  event === 'plug' ? `plug of memory${block}` : `add again for memory${block}, ${before?.state ?? ''}`;

/** One line that sums a run up. */
export function summaryOf(outcomes: readonly Outcome[], broken: readonly string[]): string {
  const events = outcomes.reduce((sum, {verdicts}) => sum + verdicts.length, 0);
  return (
    `${outcomes.length} pairs, ${events} events of blocks: ${count(outcomes, 'agrees')} agree, ` +
    (`${count(outcomes, 'depends')} agree and depend on what is named, ${count(outcomes, 'explained')} have ` +
      `an explained difference, ${count(outcomes, 'differs')} differ, ${broken.length} without a verdict`)
  );
}

/** The page of a whole run, docs/results/udev-effect.md. */
export function pageOf({date, command, machine, outcomes, broken, left}: Page): string {
  const row = (name: string, of: readonly Outcome[]): string =>
    `| ${[name, of.length, ...KINDS.map((kind) => count(of, kind))].join(' | ')} |`;
  const by = (key: (one: Outcome) => string): string[] =>
    unique(outcomes.map(key)).map((name) =>
      row(
        name,
        outcomes.filter((one) => key(one) === name),
      ),
    );
  const differing = outcomes.flatMap(differencesOf);
  const depends = new Map<string, string[]>();
  for (const {subject, verdicts} of outcomes) {
    for (const {kind, prediction} of verdicts)
      if (kind === 'depends')
        for (const what of prediction.dependsOn) depends.set(what, [...(depends.get(what) ?? []), subject.name]);
  }
  const explained = unique(
    outcomes.flatMap(({subject, beside}) =>
      beside.flatMap(({because}) => (because === undefined ? [] : [`${subject.name}: ${because}`])),
    ),
  );
  return `# What rules do, predicted and seen

Written by \`${command}\` on ${date} (${machine}). How to read it: [udev-effect.md](../udev-effect.md).

${summaryOf(outcomes, broken)}${left > 0 ? `; ${left} pairs of the corpus were not tried in this run` : ''}.

| rules | pairs | agree | depend | explained | differ |
|---|---|---|---|---|---|
${by(({subject}) => subject.kind).join('\n')}
${row('all', outcomes)}

| guest | pairs | agree | depend | explained | differ |
|---|---|---|---|---|---|
${by(({guest, policy}) => `${guest}, ${policy}`).join('\n')}

## Differences

${differing.length > 0 ? differing.map((one) => `* ${one}`).join('\n') : 'None that is not explained.'}

## Explained

${explained.length > 0 ? explained.map((one) => `* ${one}`).join('\n') : 'Nothing had to be.'}

## What it depends on

Where rules depend on something that they do not tell, the prediction names it, and what was seen is one of the things that it foresees.

${
  depends.size > 0
    ? [...depends]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([what, names]) => `* ${what}: ${unique(names).join(', ')}`)
        .join('\n')
    : 'Nothing.'
}
${broken.length > 0 ? `\n## Without a verdict\n\n${broken.map((one) => `* ${one}`).join('\n')}\n` : ''}`;
}
