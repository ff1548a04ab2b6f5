import {effectOf} from '../predict/effect.ts';
import {finding, type Finding} from './finding.ts';
import type {Guest} from '../guest.ts';
import {nameOf, type LayerFile} from '../rules/layers.ts';
import {parseRules} from '../rules/parse.ts';
import type {RulesFile} from '../rules/rule.ts';

const GUESTS: readonly Guest[] = [
  {virt: 'kvm', arch: 'x86-64', policy: 'offline'},
  {virt: 'microsoft', arch: 'x86-64', policy: 'offline'},
  {virt: 'none', arch: 'x86-64', policy: 'offline'},
  {virt: 'kvm', arch: 's390x', policy: 'offline'},
];

/** What a file by itself makes of a plugged block, on the guests that distributions tell apart. */
const doesOf = (file: RulesFile): string =>
  GUESTS.map((guest) => effectOf([file], guest, 'add', true).outcome.join(' or ')).join(', ');

const NOTHING = GUESTS.map(() => 'unchanged').join(', ');

/** A copy that leaves memory alone, of a file that does not: whoever edited it wanted that. */
export function switchesOff(copy: LayerFile, original: LayerFile): boolean {
  const [mine, theirs] = [copy, original].map(({path, bytes}) => doesOf(parseRules(path, bytes)));
  return mine === NOTHING && theirs !== NOTHING;
}

/**
 * An administrator's file that is a changed copy of one of the distribution's, whose name is another one: both apply.
 */
export function* renamed(
  file: LayerFile,
  vendors: readonly LayerFile[],
  wordings: (file: RulesFile) => readonly string[],
): Generator<Finding> {
  if (file.unread !== undefined || vendors.some(({path}) => nameOf(path) === nameOf(file.path))) return;
  const copy = parseRules(file.path, file.bytes);
  const mine = new Set(wordings(copy));
  for (const vendor of vendors.filter(({unread}) => unread === undefined)) {
    const original = parseRules(vendor.path, vendor.bytes);
    const theirs = wordings(original);
    const same = theirs.filter((rule) => mine.has(rule)).length;
    const does = same >= 3 && same * 2 >= theirs.length ? doesOf(original) : NOTHING;
    if (does === NOTHING || doesOf(copy) === does) continue;
    yield finding(
      'tree/override-lost',
      {file: file.path, line: 1, col: 1},
      `looks like a changed copy of ${vendor.path}, but has another name: it overrides nothing, and the ` +
        `rules there apply`,
      `call it ${nameOf(vendor.path)}`,
    );
    return;
  }
}
