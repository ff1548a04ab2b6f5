import {clean} from '../util/text.ts';
import {safeHref} from './escape.ts';

/** Text that Markdown shows as it is, on one line: no markup, no HTML, no table cell of its own. */
export const escapeMd = (text: string): string =>
  oneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*[\]|~]/g, String.raw`\$&`)
    // Between letters an underscore is only itself: `valid_zones` stays readable in the source.
    .replaceAll(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, String.raw`\_`);

/** A code span, whatever backticks the text holds. A bar is escaped for tables, where GFM takes the backslash away. */
export function code(text: string): string {
  const line = oneLine(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${fence}${pad}${line.replaceAll('|', String.raw`\|`) || ' '}${pad}${fence}`;
}

/** A link, or only its text where the address isn't safe. */
export function mdLink(address: string, text: string): string {
  const href = safeHref(address);
  return href === undefined ? escapeMd(text) : `[${escapeMd(text)}](<${href.replaceAll(/[<>|]/g, encodeURIComponent)}>)`;
}

/** A table of cells that are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const oneLine = (text: string): string => clean(text, Infinity).replaceAll(/\s+/g, ' ').trim();
