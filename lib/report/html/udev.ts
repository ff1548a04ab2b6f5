import type {Compat} from '../compat.ts';
import {type Html, html} from './escape.ts';
import {htmlTable} from './tables.ts';
import {blockHead, udevStories, type UdevStory} from '../udev.ts';

/** What each guest's udev does to plugged memory, and who onlined it; nothing where no guest was asked. */
export function udevSection(compat: Compat): Html {
  const stories = udevStories(compat);
  if (stories.length === 0) return html``;
  return html`<section id="udev"><h2>What udev does</h2>
<p class="soft">The untouched guest's rule files, what they do to a plugged DIMM, and who brought its blocks online, as the guest's kernel told it.</p>
${stories.map(storyOf)}</section>`;
}

const storyOf = ({guest, about, rules, findings, blocks}: UdevStory): Html => html`<h3>${guest}</h3>
<dl>${about.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
${
  rules.length === 0
    ? html`<p class="soft">No rule writes to the state of memory blocks.</p>`
    : htmlTable(
        ['rule', 'text'],
        rules.map(([place, text]) => [html`${place}`, html`<span class="v">${text}</span>`]),
      )
}
${findings.length === 0 ? undefined : htmlTable(['finding', 'level', 'id', 'what'], texts(findings))}
${htmlTable(blockHead, texts(blocks))}
`;

const texts = (rows: readonly (readonly string[])[]): Html[][] =>
  rows.map((cells) => cells.map((cell) => html`${cell}`));
