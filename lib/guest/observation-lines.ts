import {Broken} from '../util/errors.ts';
import {clean} from '../util/text.ts';

/**
 * An observation as lines, each of which says what it is about: `FILE:LINE` for the files, `LINK -> WHAT IS READ BEHIND IT`
 * below @links, and below @kernel-log the log as it is.
 */
export type Lines = readonly string[];

const NAME = /^==> (.+) <==$/;
/** What head says of a file that it can't read. */
const UNREADABLE = /^head: (?:cannot open|error reading) '.*/;
/** The kernel's log, as head calls it, and what head says where it has been read to its end. */
const LOG = 'standard input';
const LOG_END = `head: error reading '${LOG}': Resource temporarily unavailable`;
/** Mark of a log that head has read, because the shell holds it. */
const HELD = '@kernel-log held';
/** The file that is read behind a link. */
const BEHIND = /^(memory\/memory\d+\/node\d+)\/distance$|^(node\/node\d+\/memory\d+)\/phys_index$/;
/** A pattern of the shell for which there was no link. */
const NO_LINK = /\[0-9\]\*/;

/** The lines of what memhp_observe printed (lib/guest/script.ts). One that is below no file's name stays as it is. Throws Broken where the kernel's log was not read to its end. */
export function linesOf(text: string): string[] {
  const [printed, names, log] = sections(text.split('\n'));
  const files: string[] = [];
  const links = new Map(names.filter((name) => name !== '@links' && !NO_LINK.test(name)).map((name) => [name, '']));
  const read: string[] = [];
  for (const [path, content] of filesOf(printed)) {
    const link = BEHIND.exec(path ?? '')?.slice(1).find(Boolean);
    const readable = content.filter((line) => !UNREADABLE.test(line));
    if (path === LOG) read.push(...content.filter((line) => line !== ''));
    else if (link === undefined) files.push(...readable.map((line) => (path === undefined ? line : `${path}:${line}`)));
    else links.set(link, readable.join(' '));
  }
  if (log[0] === HELD && read.at(-1) !== LOG_END) throw new Broken(`the guest's kernel log was not read to its end${read.length > 0 ? `: "${clean(read.at(-1) ?? '', 160)}"` : ''}`);
  return [...files, ...names.slice(0, 1), ...[...links].map(([name, behind]) => `${name} -> ${behind}`), ...log.slice(0, 1).map(() => '@kernel-log'), ...read.filter((line) => line !== LOG_END), ...log.slice(1)];
}

/** The text that has these lines. */
export function textOf(lines: Lines): string {
  const [files, links, log] = sections(lines);
  const printed: string[] = [];
  let last: string | undefined;
  const print = (path: string | undefined, line: string): void => {
    if (path !== undefined && path !== last) printed.push(...(last === undefined ? [] : ['']), `==> ${path} <==`);
    printed.push(line);
    last = path ?? last;
  };
  for (const line of files) {
    const at = line.indexOf(':');
    print(at < 0 ? undefined : line.slice(0, at), line.slice(at + 1));
  }
  const names = links.map((line) => {
    const [, link, behind = ''] = /^(\S+) -> (.*)$/.exec(line) ?? [];
    if (link !== undefined && behind !== '') print(`${link}/${link.startsWith('node/') ? 'phys_index' : 'distance'}`, behind);
    return link ?? line;
  });
  return [...printed, ...names, ...log].join('\n');
}

/** What is below each name; head prints an empty line before each but the first. */
function filesOf(lines: Lines): [path: string | undefined, content: string[]][] {
  const files: [string | undefined, string[]][] = [[undefined, []]];
  for (const line of lines) {
    const name = NAME.exec(line)?.[1];
    const content = files.at(-1)?.[1] ?? [];
    if (name === undefined) content.push(line);
    else {
      if (files.length > 1 && content.at(-1) === '') content.pop();
      files.push([name, []]);
    }
  }
  return files;
}

/** Files, links and log, each of the latter with its mark. */
function sections(lines: Lines): [Lines, Lines, Lines] {
  const end = (isMark: (line: string) => boolean, from: number): number => {
    const at = lines.findIndex((line, i) => i >= from && isMark(line));
    return at < 0 ? lines.length : at;
  };
  const links = end((line) => line === '@links', 0);
  const log = end((line) => line.trimEnd() === '@kernel-log' || line === HELD, links);
  return [lines.slice(0, links), lines.slice(links, log), lines.slice(log)];
}
