import {claimHistoryTable} from '../kernel-claims.ts';
import {CONFIG_LEGEND, configTable} from '../kernel-config.ts';
import type {View} from '../view.ts';
import {html, type Html} from './escape.ts';
import {htmlTable} from './tables.ts';

/** The configs of the kernels, and what became of claims from one to the next; empty where the run tells of neither. */
export function kernelsSection(view: View): Html {
  const config = configTable(view);
  const claims = claimHistoryTable(view.records);
  const cells = (rows: readonly (readonly string[])[]): Html[][] => rows.map((row) => row.map((one) => html`${one}`));
  const configs =
    config.head.length < 2
      ? html``
      : html`<h2>Kernel configs</h2><p class="soft">${CONFIG_LEGEND}</p>${htmlTable(config.head, cells(config.rows))}`;
  const histories = claims
    ? html`<h2>Claims from kernel to kernel</h2><p class="soft">${claims.about}</p>${claims.rows.length === 0 ? html`` : htmlTable(claims.head, cells(claims.rows))}`
    : html``;
  return html`<section id="kernels">${configs}${histories}</section>`;
}
