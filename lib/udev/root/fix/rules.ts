import {placeOf, type Rule, type RulesFile, type Token} from '../../rules/rule.ts';
import {writesState} from '../../predict/writes.ts';
import type {RootFacts} from '../facts.ts';
import {baseOf} from '../tree/nodes.ts';
import {remedy, type Remedy} from './remedy.ts';
import {wordOf, type Want} from './wanted.ts';

const OWN = 'etc/udev/rules.d/39-plugged-memory.rules';
const RELOAD = 'udevadm control --reload';
const ZONE: Readonly<Record<Want, string>> = {
  movable: 'into Movable',
  normal: 'into a kernel zone',
  offline: 'nowhere',
};

/** A rule of one's own. It stands before those of distributions, as the first write that the kernel takes decides. */
export function ownRule({distribution: {systemd}, rules}: RootFacts, want: Want): Remedy | undefined {
  if (want === 'offline') return undefined;
  const others = rules.filter(writes).map(({path}) => path);
  const text =
    `# A plugged memory block goes ${ZONE[want]}.\nSUBSYSTEM=="memory", ACTION=="add", ` +
    `ATTR{state}=="offline", ATTR{state}="${wordOf[want]}"\n`;
  const version =
    systemd === undefined
      ? 'It has no CONST{} in it, which udevd knows since systemd 244: every udevd takes it.'
      : `It has no CONST{} in it, so that udevd takes it whatever its version (here systemd ${systemd}; ` +
        `CONST{} came with 244).`;
  const alone =
    others.length === 0
      ? 'The kernel leaves a new block offline, and no other rule writes to it: this one does.'
      : `Its name comes before that of ${others.join(', ')}: the first write that the kernel takes decides, ` +
        `and it refuses the other one (EINVAL, which udevd logs for each block).`;
  return remedy({files: [{path: OWN, text}], why: [alone, version], then: [RELOAD]});
}

/**
 * Copies in /etc of those files whose rules write to a block's state, with that word changed or that rule switched off.
 */
export function copies(
  {rules, tree, distribution: {systemd}}: RootFacts,
  want: Want,
  which: (path: string) => boolean,
): Remedy | undefined {
  const writing = rules.filter((file) => writes(file) && which(file.path));
  if (writing.length === 0) return undefined;
  const files = writing.map((file) => {
    const found = tree.file(file.path);
    const text = found?.kind === 'file' ? Buffer.from(found.bytes).toString('latin1') : '';
    return {path: `etc/udev/rules.d/${baseOf(file.path)}`, text: edited(text, file, want)};
  });
  const why = writing.map((file, i) =>
    file.path === files[i]?.path
      ? `${file.path} is the file that udevd reads: it is changed where it is.`
      : `${file.path} writes to the state of a block. A file of the same name in /etc replaces it as a ` +
        (`whole, for every udevd; so it is a copy with ` +
          `${want === 'offline' ? 'that rule switched off' : `"${wordOf[want]}" as the word that it writes`}. After an upgrade compare the two: the copy hides what is new.`),
  );
  const constant =
    systemd !== undefined && systemd < 244 && files.some(({text}) => text.includes('CONST{'))
      ? [
          `It has CONST{} in it, which udevd knows since systemd 244; this one is ${systemd} (RHEL's has it ` +
            `all the same).`,
        ]
      : [];
  return remedy({files, why: [...why, ...constant], then: [RELOAD]});
}

const isWrite = (token: Token): boolean => writesState(token);
const writes = ({rules}: RulesFile): boolean => rules.some(({tokens}) => tokens.some(isWrite));

/** The text of a rules file with other words for the state, or without the rules that write it. */
function edited(text: string, file: RulesFile, want: Want): string {
  const lines = text.split('\n');
  for (const rule of file.rules) {
    const tokens = rule.tokens.filter(isWrite);
    if (tokens.length === 0) continue;
    if (want === 'offline' || tokens.some(({key}) => key !== 'ATTR')) switchOff(lines, rule);
    else for (const token of tokens) changeWord(lines, placeOf(file, rule, token.at).line, token, wordOf[want]);
  }
  return lines.join('\n');
}

function switchOff(lines: string[], {source, label}: Rule): void {
  const first = source.parts[0]?.line ?? source.last;
  for (let line = first; line <= source.last; line += 1) lines[line - 1] = `# ${lines[line - 1] ?? ''}`;
  if (label !== undefined) lines[source.last - 1] = `${lines[source.last - 1] ?? ''}\nLABEL="${label}"`;
}

/** The value behind `ATTR{state}=` of a line; `online`, a switch, becomes `state`, which takes a zone. */
function changeWord(lines: string[], line: number, {attr = ''}: Token, word: string): void {
  const old = lines[line - 1] ?? '';
  const key = attr.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  lines[line - 1] = old.replaceAll(
    new RegExp(String.raw`ATTR\{${key}\}(\s*)=(\s*)e?"(?:\\.|[^"\\])*"`, 'g'),
    (_, a: string, b: string) => `ATTR{${attr.replace(/online$/, 'state')}}${a}=${b}"${word}"`,
  );
}
