import {z} from 'zod';
import {clean} from '../util/text.ts';

/** A string of a guest file that is of one form; `wanted` says which. */
export const word = (pattern: RegExp, wanted: string): z.ZodString =>
  z.string({error: `expected ${wanted}`}).regex(pattern, `expected ${wanted}`);

/** One line that can be shown anywhere. */
export const line = (error = 'expected string'): z.ZodString =>
  z
    .string({error})
    .min(1)
    .max(200)
    .refine(
      (text) => clean(text) === text && !/[\n\u2028\u2029]/.test(text),
      'expected one line without control characters',
    );
