import {createHash} from 'node:crypto';
import {basename} from 'node:path';
import {whoOf, type Onlining, type RuleFile} from '../../results/udev.ts';
import {effectOf, writesSomewhere, type Effect} from '../../udev/predict/effect.ts';
import type {Finding} from '../../udev/lint/finding.ts';
import {archNamed, policies, type Guest, type Policy} from '../../udev/guest.ts';
import {lintFiles} from '../../udev/lint/files.ts';
import {parseRules} from '../../udev/rules/parse.ts';
import type {RulesFile} from '../../udev/rules/rule.ts';
import {writesState} from '../../udev/predict/writes.ts';
import {Broken} from '../../util/errors.ts';
import {clean} from '../../util/text.ts';
import type {CaseGuest} from '../guest/guest.ts';
import {readRulesFiles, type GuestFile} from './rules-files.ts';

/** The guest's rules as udevd reads them, and what decides what they do. */
export interface Reading {
  /** All files, those too that others hide. */
  readonly found: readonly GuestFile[];
  /** The files in force, in udevd's order. */
  readonly files: readonly RulesFile[];
  /** How the guest is, apart from its policy. */
  readonly machine: Pick<Guest, 'virt' | 'arch'>;
  /** The number in `udevadm --version`: 252. */
  readonly systemd: number;
}

/** Reads all rules of the guest. Needs `command:udevadm`. */
export async function readRules(guest: Pick<CaseGuest, 'sh'>): Promise<Reading> {
  const found = await readRulesFiles(guest);
  const said = await guest.sh('{ systemd-detect-virt || true; } && uname -m && udevadm --version');
  const [, virt = '', machine = '', version = ''] = /^(\S*)\n(\S+)\n(\d+)\b.*\n?$/.exec(said) ?? [];
  if (version === '') throw new Broken(`the guest has not said what it is in three lines: "${clean(said, 200)}"`);
  return {
    found,
    files: inForce(found).map(({path, bytes}) => parseRules(path, bytes)),
    machine: {virt, arch: archNamed(machine)},
    systemd: Number.parseInt(version, 10),
  };
}

/** A file hides those of the same name in directories that come later; all are read by their names. */
export function inForce(found: readonly GuestFile[]): GuestFile[] {
  const names = new Map<string, GuestFile>();
  for (const file of found) if (!names.has(basename(file.path))) names.set(basename(file.path), file);
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
}

/** What the rules do to a block of the guest when it is plugged. */
export const readEffect = ({files, machine}: Reading, policy: string, block = 'memory32'): Effect =>
  effectOf(files, {...machine, policy: policyNamed(policy)}, 'add', true, Number(block.replace('memory', '')));

function policyNamed(name: string): Policy {
  const policy = policies.find((one) => one === name);
  if (policy === undefined) throw new Broken(`auto_online_blocks of the guest is "${clean(name, 100)}"`);
  return policy;
}

/** What the lint says of the rules in force, for this guest and any policy. */
export const lintRules = ({found, machine}: Reading): readonly Finding[] =>
  lintFiles(inForce(found), {...machine, complete: true}).findings;

/** Digest of all rule files, hidden ones too. */
export const digestOf = (found: readonly GuestFile[]): string =>
  found
    .reduce((hash, {path, bytes}) => hash.update(`${path}\0${bytes.length}\0`).update(bytes), createHash('sha256'))
    .digest('hex');

/** The files in force that write to a block's state, with the rules that do. */
export function memoryFiles({files, found}: Reading): RuleFile[] {
  return files
    .filter((file) => writesSomewhere([file]))
    .map(({path, rules}) => ({
      path,
      sha256: createHash('sha256')
        .update(found.find((one) => one.path === path)?.bytes ?? '')
        .digest('hex'),
      lines: rules
        .filter(({tokens}) => tokens.some(writesState))
        .map(({source}) => ({line: source.last, text: source.text.slice(0, 1000)})),
    }));
}

/**
 * The zones that a word onlines to where no zone reaches the DIMM and movable_node isn't given: contig-zones never
 * chooses Movable.
 */
const ZONES: Readonly<Record<string, string>> = {online: 'Normal', online_kernel: 'Normal', online_movable: 'Movable'};

/** The zone of a word that rules or the policy say; null for one that onlines nothing. */
export const zoneByWord = (word: string): string | null => ZONES[word] ?? null;

/** What became of a block, in words: `kernel → Normal`, `nobody → offline`. */
export const fateOf = (block: Onlining): string => `${whoOf(block)} → ${block.zone ?? 'offline'}`;

/** The fate of a block that nothing but the kernel's policy takes care of. */
export const fateByPolicy = (policy: string): string =>
  policy === 'offline' ? 'nobody → offline' : `kernel → ${ZONES[policy] ?? '?'}`;

/**
 * The fates that the rules leave open for a plugged block. Where the policy isn't offline the kernel is always first:
 * it holds the lock that a write to `state` waits for (device_hotplug_lock) from before a DIMM's blocks are made until
 * they are online.
 */
export function fatesByRules(reading: Reading, policy: string, block: string): string[] {
  if (policy !== 'offline') return [fateByPolicy(policy)];
  const {outcome, writes} = readEffect(reading, policy, block);
  return [
    ...new Set(
      outcome.flatMap((word) => {
        const zone = ZONES[word];
        if (zone === undefined) return [fateByPolicy('offline')];
        return writes
          .filter(({value}) => value.open || value.values.includes(word))
          .map(({place}) => `udev (${asLogged(reading, place)}) → ${zone}`);
      }),
    ),
  ];
}

/** udevd names a rule by the last of its lines, and since systemd 258 by the first. */
function asLogged({files, systemd}: Reading, {file, line}: {file: string; line: number}): string {
  const rule = files
    .find(({path}) => path === file)
    ?.rules.find(({source}) => firstLine(source) <= line && line <= source.last);
  return `${file}:${rule ? (systemd >= FIRST_LINE ? firstLine(rule.source) : rule.source.last) : line}`;
}

/** The first systemd whose udevd names a rule by its first line. */
export const FIRST_LINE = 258;

const firstLine = ({parts, last}: RulesFile['rules'][number]['source']): number => parts[0]?.line ?? last;
