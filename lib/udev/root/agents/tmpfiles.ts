import {globMatches} from '../../rules/glob.ts';
import {confFiles, linesOf} from '../conf-dirs.ts';
import type {Place} from '../place.ts';
import type {Tree} from '../tree/tree.ts';
import {fileOf, settingNames, type Setting} from './setting.ts';

/** A line of tmpfiles.d that writes to a file. */
interface Line {
  readonly type: 'w' | 'w+' | 'f' | 'F';
  readonly path: string;
  readonly argument: string;
  readonly place: Place;
}

/** A line that systemd-tmpfiles does not follow, and why. */
export interface Dropped {
  readonly setting: Setting;
  readonly why: string;
}

/** What systemd-tmpfiles writes at boot to the files that decide about plugged memory, in its order. */
export function tmpfilesSettings(tree: Tree): {settings: Setting[]; dropped: Dropped[]} {
  const lines = confFiles(tree, 'tmpfiles.d').flatMap(({path, text}) =>
    linesOf(text).flatMap(({line, text: one}) => lineOf(one, {path, line})),
  );
  const settings: Setting[] = [];
  const dropped: Dropped[] = [];
  for (const name of settingNames) {
    const file = `/${fileOf(name)}`;
    const about = lines.filter(({type, path}) => (type.startsWith('w') ? globMatches(path, file) : path === file));
    const setting = ({argument, place}: Line): Setting => ({name, value: argument, place, by: 'tmpfiles.d'});
    const kept: Line[] = [];
    for (const line of about) {
      const first = kept.find(
        (one) => one.path === line.path && one.type.startsWith('w') === line.type.startsWith('w'),
      );
      if (line.type === 'f')
        dropped.push({setting: setting(line), why: '"f" writes only where the file is not there yet: use "w"'});
      else if (first && line.type !== 'w+' && first.argument !== line.argument)
        dropped.push({
          setting: setting(line),
          why:
            `${first.place.path}:${first.place.line} is read before it, and of two lines for the same ` +
            `path systemd-tmpfiles takes the first`,
        });
      else kept.push(line);
    }
    // F before w, whatever their order: systemd-tmpfiles first makes what takes no globs.
    settings.push(...[...kept.filter(({type}) => type === 'F'), ...kept.filter(({type}) => type !== 'F')].map(setting));
  }
  return {settings, dropped};
}

/** `w /path - - - - argument`, with fields that may be missing between. The argument is the rest of the line. */
function lineOf(text: string, place: Place): Line[] {
  const fields = /^\s*(\S+)\s+("(?:\\.|[^"])*"|\S+)(?:\s+\S+){4}\s+(.*?)\s*$/.exec(text);
  const [, type = '', quoted = '', argument = ''] = fields ?? [];
  const letter = /^([wfF])([-!=~^$?+]*)$/.exec(type);
  if (!letter || type.startsWith('#')) return [];
  const plus = (letter[2] ?? '').includes('+');
  const path = `/${quoted
    .replace(/^"(.*)"$/, '$1')
    .split('/')
    .filter((part) => part !== '')
    .join('/')}`;
  const kind = letter[1] === 'w' ? (plus ? 'w+' : 'w') : letter[1] === 'F' || plus ? 'F' : 'f';
  return [{type: kind, path, argument: unescaped(argument), place}];
}

const unescaped = (text: string): string =>
  text
    .replaceAll(/\\(x[\da-fA-F]{2}|.)/g, (_, code: string) =>
      code.length === 3
        ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
        : code === 'n'
          ? '\n'
          : code === 't'
            ? '\t'
            : code,
    )
    .trim();
