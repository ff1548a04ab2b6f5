/**
 * An observation as lines, each of which says what it is about: `FILE:LINE` for the files, `LINK -> TARGET` below @links,
 * and below @kernel-log the log as it is.
 */
export type Lines = readonly string[];

const NAME = /^==> (.+) <==$/;
const LINK = /^'(.+)' -> '(.+)'$/;

/** The lines of what memhp_observe printed (lib/guest/script.ts). One that is below no file's name stays as it is. */
export function linesOf(text: string): string[] {
  const [files, links, log] = sections(text.split('\n'));
  const lines: string[] = [];
  let path: string | undefined;
  for (const line of files) {
    const name = NAME.exec(line)?.[1];
    // head prints an empty line before each name but the first.
    if (name !== undefined && path !== undefined && lines.at(-1) === `${path}:`) lines.pop();
    if (name === undefined) lines.push(path === undefined ? line : `${path}:${line}`);
    path = name ?? path;
  }
  return [...lines, ...links.map((line) => line.replace(LINK, '$1 -> $2')), ...log];
}

/** The text that has these lines. */
export function textOf(lines: Lines): string {
  const [files, links, log] = sections(lines);
  const printed: string[] = [];
  let last: string | undefined;
  for (const line of files) {
    const at = line.indexOf(':');
    const path = at < 0 ? undefined : line.slice(0, at);
    if (path !== undefined && path !== last) printed.push(...(last === undefined ? [] : ['']), `==> ${path} <==`);
    printed.push(line.slice(at + 1));
    last = path ?? last;
  }
  return [...printed, ...links.map((line) => line.replace(/^(.+) -> (.+)$/, "'$1' -> '$2'")), ...log].join('\n');
}

/** Files, links and log, each of the latter with its mark. */
function sections(lines: Lines): [Lines, Lines, Lines] {
  const end = (mark: string, from: number): number => {
    const at = lines.indexOf(mark, from);
    return at < 0 ? lines.length : at;
  };
  const links = end('@links', 0);
  const log = end('@kernel-log', links);
  return [lines.slice(0, links), lines.slice(links, log), lines.slice(log)];
}
