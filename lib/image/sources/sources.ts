import {micro} from './micro/micro.ts';
import {packages} from './packages/packages.ts';
import type {Sources} from './source.ts';

/** Where guests can come from, by the name in a guest file: docs/adding-a-source.md. */
export const sources = {packages, micro} satisfies Sources;
