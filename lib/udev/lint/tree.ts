import {finding, type Finding, type Place} from './finding.ts';
import {effective, MASK, nameOf, type Layer, type LayerFile} from '../rules/layers.ts';
import {readable} from '../rules/lines.ts';
import {renamed, switchesOff} from './copies.ts';
import {isForMemory} from './writes.ts';
import {parseRule} from '../rules/parse-rule.ts';
import {parseRules} from '../rules/parse.ts';
import {placeOf, type Rule, type RulesFile} from '../rules/rule.ts';
import {writesState} from '../predict/writes.ts';

/** What is to be said of files by their names and places: what replaces what, and whether it still should. */
export function treeFindings(layers: readonly Layer[], read: readonly RulesFile[]): Finding[] {
  const files = layers.flatMap((layer) => layer.files);
  const chosen = effective(layers);
  return [
    ...files.flatMap((file) => [...notRead(file)]),
    ...chosen.flatMap((file) => [
      ...replaces(
        file,
        files.filter((other) => other !== file && nameOf(other.path) === nameOf(file.path)),
      ),
    ]),
    ...chosen.flatMap((file) => [...switchedOff(file, files, read)]),
    ...chosen
      .filter(({path}) => !isVendor(path))
      .flatMap((file) => [
        ...renamed(
          file,
          chosen.filter(({path}) => isVendor(path)),
          ({rules}) => rules.map(wording),
        ),
      ]),
  ];
}

const start = ({path}: {readonly path: string}): Place => ({file: path, line: 1, col: 1});
const isVendor = (path: string): boolean =>
  /(^|\/)lib\/udev\/rules\.d\/[^/]*$/.test(path) && !path.includes('usr/local/');

function* notRead({path, named}: LayerFile): Generator<Finding> {
  const name = nameOf(path);
  if (!named && name.includes('.rules') && !name.endsWith('.rules')) {
    yield finding(
      'tree/not-read',
      start({path}),
      'udevd reads files whose name ends in .rules, and not this one',
      'rename it if its rules shall apply, remove it if not',
    );
  }
}

function* replaces(file: LayerFile, others: readonly LayerFile[]): Generator<Finding> {
  const [original] = others;
  if (!original) return;
  if (file.unread === MASK) {
    yield finding(
      'tree/masked',
      start(file),
      `switches ${original.path} off as a whole`,
      'remove it if the rules there shall apply',
    );
    return;
  }
  if (file.unread !== undefined || original.unread !== undefined) {
    yield finding('tree/shadowed', start(file), `replaces ${original.path} as a whole`, 'remove one of the two');
    return;
  }
  const mine = parseRules(file.path, file.bytes).rules.map(wording);
  const theirs = parseRules(original.path, original.bytes).rules.map(wording);
  const off = switchedOffRules(file).map(({rule}) => wording(rule));
  const lacking = theirs.filter((rule) => !mine.includes(rule) && !off.includes(rule));
  const changed = mine.filter((rule) => !theirs.includes(rule));
  // Rules that were changed in their place, or put in: nothing that an upgrade has brought is missing.
  if (changed.length > 0 && lacking.length <= changed.length && switchesOff(file, original)) {
    yield finding(
      'tree/disabled',
      start(file),
      `replaces ${original.path} as a whole, and leaves memory alone where that does not`,
      'nothing, if that is meant; compare the two again after an upgrade',
    );
  } else if (lacking.length > 0) {
    yield finding(
      'tree/stale-copy',
      start(file),
      `replaces ${original.path} as a whole, and lacks ` +
        `${lacking.length === 1 ? 'a rule' : `${lacking.length} rules`} of it: ${shortened(lacking[0] ?? '')}`,
      'compare the two: carry over what an upgrade has brought, and comment out what you leave out on purpose',
    );
  } else if (mine.length === theirs.length && mine.every((rule, i) => rule === theirs[i])) {
    yield finding(
      'tree/needless-copy',
      start(file),
      `says the same as ${original.path}, and will hide what an upgrade changes there`,
      'remove the copy',
    );
  } else
    yield finding(
      'tree/shadowed',
      start(file),
      `replaces ${original.path} as a whole`,
      'look at both again after an upgrade',
    );
}

/**
 * Rules that write to memory's state and were commented out, or whose file was masked: in vain where another file has
 * such a rule.
 */
function* switchedOff(file: LayerFile, files: readonly LayerFile[], read: readonly RulesFile[]): Generator<Finding> {
  if (isVendor(file.path)) {
    for (const {line} of file.unread === undefined ? switchedOffRules(file) : []) {
      yield finding(
        'tree/vendor-edited',
        {file: file.path, line, col: 1},
        'a rule that onlines memory is commented out in a file of the distribution: the next upgrade brings it back',
        `undo that; copy the file to /etc/udev/rules.d/${nameOf(file.path)} and comment it out there`,
      );
    }
    return;
  }
  const places =
    file.unread === MASK && !files.some((other) => other !== file && nameOf(other.path) === nameOf(file.path))
      ? [start(file)]
      : switchedOffRules(file).map(({line}) => ({file: file.path, line, col: 1}));
  const still = read
    .filter(({path}) => path !== file.path && isVendor(path))
    .flatMap((other) =>
      other.rules
        .filter((rule) => rule.tokens.some(writesState) && (isForMemory({rule}) || about(other)))
        .map((rule) => placeOf(other, rule)),
    );
  const [other] = still;
  const [place] = places;
  if (place && other) {
    yield finding(
      'tree/override-lost',
      place,
      `a rule is switched off here that ${other.file}:${other.line} has too, in a file of another name: it applies`,
      `switch it off for ${nameOf(other.file)} as well`,
    );
  }
}

const about = ({rules}: RulesFile): boolean =>
  rules.some((rule) => rule.tokens.some(({key, value}) => key === 'SUBSYSTEM' && value === 'memory'));

/** Commented-out lines that would write to the state of memory blocks. */
function switchedOffRules({bytes, unread}: LayerFile): {line: number; rule: Rule}[] {
  if (unread !== undefined) return [];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const found: {line: number; rule: Rule}[] = [];
  for (const comment of text.matchAll(/^[ \t]*#[# \t]*([A-Z][^\n]*ATTR\{state\}[^\n]*)$/gm)) {
    const line = text.slice(0, comment.index).split('\n').length;
    const {rule} = parseRule({
      text: (comment[1] ?? '').replace(/[\r\\ \t]+$/, ''),
      parts: [{at: 0, line, col: 1}],
      last: line,
    });
    if (rule?.tokens.some((token) => token.key === 'ATTR' && writesState(token))) found.push({line, rule});
  }
  return found;
}

/** A rule without what does not change it: spaces, commas, the order of its lines. */
function wording({tokens, label, goto}: Rule): string {
  const all = tokens.map(({key, attr, op, value}) => `${key}${attr === undefined ? '' : `{${attr}}`}${op}"${value}"`);
  return readable(
    [...all, ...(goto ? [`GOTO="${goto.label}"`] : []), ...(label === undefined ? [] : [`LABEL="${label}"`])].join(
      ', ',
    ),
  );
}

const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}…` : text);
