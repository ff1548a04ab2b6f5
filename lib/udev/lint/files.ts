import type {Effect} from '../predict/effect.ts';
import {finding, type Finding} from './finding.ts';
import {guestName, usualGuests, type Guest, type Policy} from '../guest.ts';
import type {Source} from '../rules/layers.ts';
import {ruleFindings} from './rules.ts';
import type {Question} from './hits.ts';
import {siteFindings} from './writes.ts';
import {parseRules} from '../rules/parse.ts';
import type {RulesFile} from '../rules/rule.ts';
import {shellQuotes} from './shell-quotes.ts';
import {writesState} from '../predict/writes.ts';
import type {Budget} from '../follow/types.ts';
import {agentFindings} from './agents.ts';
import {commandFindings} from './commands.ts';
import {inAllPolicies, onePlace, onOthers, survey as surveyed, type Surveyed} from './sites.ts';

/** Which guests are meant; those that are not named are all that usually make a difference. */
export interface About {
  readonly virt?: string | undefined;
  readonly arch?: string | undefined;
  readonly policy?: Policy | undefined;
  /** The files are all that the guest has. */
  readonly complete?: boolean;
}

export interface Linted {
  readonly files: readonly RulesFile[];
  readonly findings: readonly Finding[];
  /** What becomes of a plugged block, for each guest; empty where no rule has to do with memory blocks. */
  readonly effects: readonly Effect[];
  /**
   * Of blocks that the rules tell apart from most, and of blocks that are there already, where something becomes of
   * them.
   */
  readonly others: Surveyed['others'];
}

/** Findings on rules files, in the order in which udevd reads them. */
export function lintFiles(sources: readonly Source[], about: About = {}): Linted {
  const files = sources.map(({path, bytes}) => parseRules(path, bytes));
  const {complete = false} = about;
  const guests = inAllPolicies(guestsOf(about), about.policy);
  const tooMany = tooManyRules(files);
  const budget: Budget = {left: STEPS};
  const survey = tooMany ? NOTHING : surveyed(files, guests, complete, budget);
  const {sites} = survey;
  const question = questionOf(files, guests, survey, about);
  const found = [
    ...(tooMany ? [tooMany] : []),
    ...(budget.left < 0 ? [tooMuch(files)] : []),
    ...files.flatMap(({problems}) =>
      problems.map(({id, level, file, line, col, message, fix}) => ({id, level, file, line, col, message, fix})),
    ),
    ...files.flatMap((file) => [...shellQuotes(file)]),
    ...(tooMany ? [] : files.flatMap((file) => [...commandFindings(file)])),
    ...sites.flatMap((site) => [...siteFindings(site, question)]),
    ...(sites.length > 0 ? [...ruleFindings(question, sites)] : []),
    ...(tooMany ? [] : [...agentFindings(files, survey, guests[0], complete)]),
  ];
  const matters = sites.some(({hits}) => hits.length > 0);
  return {
    files,
    findings: sorted(found, sources),
    effects: matters ? survey.effects : [],
    others: matters ? survey.others : [],
  };
}

const NOTHING: Surveyed = {sites: [], blocks: [], effects: [], others: []};

function questionOf(files: readonly RulesFile[], guests: readonly Guest[], {blocks}: Surveyed, about: About): Question {
  const {complete = false, virt, arch, policy} = about;
  const asked = [virt, arch, policy === undefined ? undefined : `policy ${policy}`].filter((one) => one !== undefined);
  return {
    files,
    complete,
    guests,
    blocks,
    asked: asked.length > 0 ? asked.join(', ') : undefined,
    elsewhere: cached(
      (guest: Guest) => onOthers(files, guest, complete),
      (guest) => `${guestName(guest)} ${guest.policy}`,
    ),
    unasked: (id) => inAllPolicies(usualGuests).filter((guest) => onePlace(files, guest, complete).has(id)),
  };
}

/** A file that could not be read as rules. */
export const unreadable = (file: string, why: string): Finding =>
  finding('file/unreadable', {file, line: 1, col: 1}, why, 'give it the right owner and mode, or remove it');

/** So many steps of rules and scripts are followed for one answer. */
const STEPS = 2_000_000;

const tooMuch = (files: readonly RulesFile[]): Finding =>
  finding(
    'file/too-many-rules',
    {file: files[0]?.path ?? '', line: 1, col: 1},
    'the ways through these rules and their scripts are too many: what they do to memory is only in part looked at',
    'give fewer files at once',
  );

/** More rules than this are followed to no effect: all distributions' files together have a few thousand. */
const FOLLOWED = 10_000;
/** And more that write to a block's state: distributions have one. */
const WRITING = 200;

function tooManyRules(files: readonly RulesFile[]): Finding | undefined {
  const rules = files.reduce((sum, file) => sum + file.rules.length, 0);
  const largest = [...files].sort((a, b) => b.rules.length - a.rules.length)[0];
  const writing = files.reduce(
    (sum, file) => sum + file.rules.filter(({tokens}) => tokens.some(writesState)).length,
    0,
  );
  if (writing === 0 || (rules <= FOLLOWED && writing <= WRITING) || !largest) return undefined;
  return finding(
    'file/too-many-rules',
    {file: largest.path, line: 1, col: 1},
    `${rules} rules, ${writing} of them write to a state: what they do to memory is not looked at, only how ` +
      `they are written`,
    `give fewer files at once; the lint follows up to ${FOLLOWED} rules, ${WRITING} of them writing`,
  );
}

function cached<Of, To>(make: (of: Of) => To, key: (of: Of) => string): (of: Of) => To {
  const made = new Map<string, To>();
  return (of) => {
    const known = made.get(key(of)) ?? make(of);
    made.set(key(of), known);
    return known;
  };
}

function guestsOf({virt, arch}: About): Omit<Guest, 'policy'>[] {
  const fitting = usualGuests.filter(
    (guest) => (virt ?? guest.virt) === guest.virt && (arch ?? guest.arch) === guest.arch,
  );
  return fitting.length > 0 ? [...fitting] : [{virt: virt ?? 'none', arch: arch ?? 'x86-64'}];
}

/** By file, as udevd reads them, then by line. */
function sorted(found: readonly Finding[], sources: readonly Source[]): Finding[] {
  const order = new Map(sources.map(({path}, i) => [path, i]));
  return [...found].sort(
    (a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line || a.col - b.col,
  );
}
