import {z} from 'zod';
import {word} from '../../fields.ts';

/** Fields of a guest file that name something on a mirror of Debian's. */
export const suite = word(/^[a-z][\w.-]{0,63}$/, 'the name of a suite, e.g. bookworm').describe(
  'suite of the mirror, e.g. bookworm',
);
export const packageName = word(/^[a-z0-9][a-z0-9+.-]{0,127}$/, 'the name of a package');
export const validUntil = z
  .enum(['check', 'ignore'])
  .default('check')
  .describe('ignore: take a Release file whose Valid-Until date has passed');
