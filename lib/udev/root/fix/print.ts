import {clean} from '../../../util/text.ts';
import type {RootLinted} from '../lint-root.ts';
import type {Fix, Proved} from './fix.ts';
import {wordOf, type Want} from './wanted.ts';

const GOAL: Readonly<Record<Want, string>> = {
  movable: 'in Movable',
  normal: 'in a kernel zone (Normal)',
  offline: 'offline until somebody onlines it',
};

/** The fix for people: which file, its text, why it works, and what was proved. */
export function printedFix(fix: Fix, want: Want, before: RootLinted, root: string): string {
  const machines = before.machines.map(({virt}) => (virt === 'none' ? 'bare metal' : virt)).join(', ');
  const head = `Wanted: plugged memory ${GOAL[want]}. As it is: ${before.sentence}`;
  if (fix.kind === 'already')
    return text([head, `It is so already (looked at: ${machines}). Nothing is to be written.`]);
  if (fix.kind === 'none')
    return text([
      head,
      `There is no fix that memhp can prove: ` +
        `${fix.why}.${fix.tried > 0 ? ` ${fix.tried} were tried with their files laid over the root, and with none of them the answer was certain to be the wanted one.` : ''}`,
    ]);
  return text([
    head,
    '',
    ...steps(fix.fix),
    '',
    `Proved: with ${fix.fix.remedy.files.length === 1 ? 'this file' : 'these files'} laid over ${root} the ` +
      `lint says, for ${machines}:`,
    `  ${fix.fix.linted.sentence}`,
    ...(fix.bootAsWanted ? ['Memory devices that are there at boot fare alike.'] : ['', ...bootLines(fix.boot, want)]),
  ]);
}

function bootLines(boot: Proved | undefined, want: Want): string[] {
  const parameter = `memhp_default_state=${wordOf[want]}`;
  return boot
    ? [
        'This leaves memory devices alone that are there when the system boots. Where they count, do this instead:',
        '',
        ...steps(boot),
        '',
        `Proved: ${boot.linted.sentence}`,
      ]
    : [
        `This leaves memory devices alone that are there when the system boots: for them give the kernel ` +
          `${parameter}. How this root is booted is not known, so that is not proved.`,
      ];
}

function steps({remedy: {files, why, then, reboot}}: Proved): string[] {
  return [
    ...files.flatMap((file) =>
      'text' in file
        ? [
            `Write /${file.path}:`,
            '',
            ...file.text
              .trimEnd()
              .split('\n')
              .map((line) => (line === '' ? '' : `    ${line}`)),
            '',
          ]
        : [`Make /${file.path} a link to ${file.target}.`, ''],
    ),
    'Why it works:',
    ...why.map((one) => `  ${one}`),
    ...(then.length > 0 ? ['Then, in the running system:', ...then.map((one) => `  ${one}`)] : []),
    ...(reboot ? ['It works from the next boot on.'] : []),
  ];
}

const text = (lines: readonly string[]): string =>
  `${lines.map((line) => clean(Buffer.from(line, 'utf8').toString())).join('\n')}\n`;

/** The fix for programs. */
export function fixToJson(fix: Fix, want: Want): object {
  if (fix.kind !== 'fix') return {want, ...fix};
  const of = ({remedy: {files, then, why, reboot}, linted}: Proved): object => ({
    files,
    why,
    then,
    reboot,
    sentence: linted.sentence,
  });
  return {want, kind: fix.kind, ...of(fix.fix), bootAsWanted: fix.bootAsWanted, boot: fix.boot && of(fix.boot)};
}
