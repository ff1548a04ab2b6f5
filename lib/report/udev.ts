import {udevFact, whoOf, type Onlining, type UdevFact} from '../results/udev.ts';
import type {Compat} from './compat.ts';
import {UNKNOWN, formatMs} from './words.ts';

/** What a guest's udev does to plugged memory, as text for any format. */
export interface UdevStory {
  readonly guest: string;
  /** Name and value, for a list. */
  readonly about: readonly (readonly [name: string, value: string])[];
  /** Rules that write to the state of a block: where, and the text. */
  readonly rules: readonly (readonly [place: string, text: string])[];
  readonly findings: readonly (readonly [place: string, level: string, id: string, message: string])[];
  readonly blocks: readonly (readonly string[])[];
}

/** Heads of the columns of `blocks`. */
export const blockHead = ['block', 'onlined by', 'zone', 'online after', 'tried as well'];

/** The guests that udev/effect has a fact of; one that isn't what that case writes is left out. */
export function udevStories({guests}: Compat): UdevStory[] {
  return guests.flatMap(({guest, facts}) => {
    const parsed = udevFact.safeParse(facts['udev']);
    return parsed.success ? [story(guest, parsed.data)] : [];
  });
}

function story(
  guest: string,
  {version, policy, files, digest, memoryFiles, findings, read, blocks, msToLastBlock}: UdevFact,
): UdevStory {
  return {
    guest,
    about: [
      ['systemd', version],
      ['auto_online_blocks', policy],
      ['rule files', `${files}, SHA-256 of all ${digest.slice(0, 16)}…`],
      ...memoryFiles.map(
        ({path, sha256}) => ['with a rule for memory', `${path}, SHA-256 ${sha256.slice(0, 16)}…`] as const,
      ),
      [
        'the files say of a block',
        read.map((word) => (word === 'unchanged' ? 'left to the kernel' : word)).join(' or '),
      ],
      ['who onlined', [...new Set(blocks.map((block) => whoOf(block)))].join(', ') || UNKNOWN],
      ['last block online after', msToLastBlock === null ? UNKNOWN : formatMs(msToLastBlock)],
    ],
    rules: memoryFiles.flatMap(({path, lines}) => lines.map(({line, text}) => [`${path}:${line}`, text] as const)),
    findings: findings.map(({place, level, id, message}) => [place, level, id, message] as const),
    blocks: blocks.map(blockCells),
  };
}

function blockCells(block: Onlining): string[] {
  const {attempts, createdMs, zone} = block;
  const winner = attempts.find(({result}) => result === 'online');
  const others = attempts
    .filter((one) => one !== winner)
    .map(({by, rule, task, result}) => `${by} ${rule ?? task}: ${result}`);
  return [
    block.block,
    whoOf(block),
    zone ?? 'offline',
    winner?.ms === undefined || winner.ms === null ? UNKNOWN : formatMs(createdMs + winner.ms),
    others.join(', ') || UNKNOWN,
  ];
}
