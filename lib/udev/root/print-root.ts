import {clean} from '../../util/text.ts';
import {printed, toJson} from '../lint/print.ts';
import type {RootLinted} from './lint-root.ts';

/** The answer for people: one sentence, why, then findings, and what the lint says of the rules alone. */
export function printedRoot({sentence, bootSentence, reasons, findings, rules}: RootLinted): string {
  const lines = [
    sentence,
    ...(bootSentence === undefined ? [] : [bootSentence]),
    '',
    'Why:',
    ...reasons.map(({place, text}) => `  ${place === undefined ? '' : `${place}: `}${text}`),
    '',
    ...findings.flatMap(({file, line, col, level, id, message, fix}) => [
      `${file}:${line}:${col}: ${level} ${id} ${message}`,
      ...(fix === '' ? [] : [`    fix: ${fix}`]),
    ]),
    ...(findings.length > 0 ? [''] : []),
    'The rules alone:',
    '',
  ];
  return `${lines.map((line) => clean(line).replaceAll('\n', ' ')).join('\n')}${printed(rules)}`;
}

/** The answer for programs. */
export function rootToJson({
  root,
  kernel,
  answer,
  machines,
  sentence,
  bootSentence,
  reasons,
  findings,
  rules,
}: RootLinted): object {
  const fates = ({plugged, atBoot, never, virt, hotremove}: typeof answer): object => ({
    virt,
    never: never?.why,
    hotremove,
    plugged: plugged.fates,
    dependsOn: plugged.dependsOn,
    atBoot: atBoot.fates,
  });
  return {
    answer: {sentence, bootSentence, ...fates(answer), policy: answer.chain.steps},
    reasons,
    machines: machines.map(fates),
    distribution: root.distribution,
    arch: root.arch,
    kernels: root.kernels,
    kernel: {
      release: kernel.release,
      config: kernel.config?.path,
      commandLine: kernel.line.words.map(({text}) => text),
      from: kernel.line.from,
    },
    agents: root.agents,
    rootFindings: findings,
    ...(toJson(rules) as object),
  };
}
