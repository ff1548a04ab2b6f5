import {clean} from '../util/text.ts';
import {safeHref} from './html/escape.ts';

/** Text that Markdown shows as it is, on one line: no markup, no HTML, no table cell of its own. */
export const escapeMd = (text: string): string =>
  oneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*[\]|~]/g, String.raw`\$&`)
    // Between letters an underscore is only itself: `valid_zones` stays readable in the source.
    .replaceAll(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, String.raw`\_`)
    // At the beginning of a line these make a heading, a list or a rule of it.
    .replace(/^(?:#(?=#{0,5}(?:\s|$))|[+-](?=\s|$)|[-=](?=[-=\s]*$))/, String.raw`\$&`)
    .replace(/^(\d{1,9})([.)])(?=\s|$)/, String.raw`$1\$2`)
    // GitHub makes links of bare addresses.
    .replaceAll(/:(?=\/\/)/g, '&#58;')
    .replaceAll(/(www)\./gi, '$1&#46;');

/**
 * A code span, whatever backticks the text holds. With a bar it is HTML: only so is it the same in a table and outside
 * of one.
 */
export function code(text: string): string {
  const line = oneLine(text);
  if (line.includes('|')) return `<code>${escapeMd(line)}</code>`;
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${fence}${pad}${line || ' '}${pad}${fence}`;
}

/** A link, or only its text where the address isn't safe. */
export function mdLink(address: string, text: string): string {
  const href = safeHref(address);
  return href === undefined
    ? escapeMd(text)
    : `[${escapeMd(text)}](<${href.replaceAll(/[<>|]/g, encodeURIComponent)}>)`;
}

/** A table of cells that are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const oneLine = (text: string): string => clean(text, Infinity).replaceAll(/\s+/g, ' ').trim();
