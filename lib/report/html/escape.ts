import {clean} from '../../util/text.ts';

/** Markup that is safe as it stands. Only `html` and `raw` make it, so a plain string can't pass for it. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

type Part = string | number | Html | readonly Html[] | undefined;

const ENTITIES: {[char: string]: string} = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};
// eslint-disable-next-line no-control-regex -- looks for what `clean` removes
const UNSAFE = /[&<>"'`\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/;

/** Text for HTML, in or between quotes. What a guest printed is not trusted, cleaned by its writer or not. */
export function escapeHtml(text: string): string {
  if (!UNSAFE.test(text)) return text; // nearly always, in ten thousand records
  return clean(text, Infinity).replaceAll(/[&<>"'`]/g, (char) => ENTITIES[char] ?? '');
}

/** Template of markup: every interpolated string is escaped unless it is markup already. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  let markup = strings[0] ?? '';
  for (const [index, part] of parts.entries()) markup += markupOf(part) + (strings[index + 1] ?? '');
  return new Html(markup);
}

/** For our own constant markup: never for anything that came from a record. */
export const raw = (markup: string): Html => new Html(markup);

export const joined = (parts: readonly Html[], separator = ''): Html => new Html(parts.map(markupOf).join(separator));

/** The address if following it is harmless: http(s), an anchor or a relative path; otherwise undefined. */
export function safeHref(address: string): string | undefined {
  // Browsers drop tabs and newlines before they read the scheme: `java\nscript:` is one.
  // eslint-disable-next-line no-control-regex -- control characters are what hides a scheme
  if (/[\u0000-\u0020\u007F-\u009F\\]/.test(address)) return undefined;
  if (/^https?:\/\/[^/]/i.test(address)) return address;
  return address === '' || address.startsWith('/') || /^[^/?#]*:/.test(address) ? undefined : address;
}

/** A link, or only its text where the address isn't safe. */
export function link(address: string | undefined, text: string | Html): Html {
  const href = address === undefined ? undefined : safeHref(address);
  return href === undefined ? html`${text}` : html`<a href="${href}">${text}</a>`;
}

function markupOf(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.markup;
  if (typeof part === 'object') return part.map(markupOf).join('');
  return escapeHtml(String(part));
}
