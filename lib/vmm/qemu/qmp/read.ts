import {z} from 'zod';
import {Broken} from '../../../util/errors.ts';

/** Reads something that QEMU sent by a schema. Throws Broken, with `what`, on another form. */
export function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (!result.success)
    throw new Broken(`${what} is not of the form that it has in QEMU's schema: ${z.prettifyError(result.error)}`);
  return result.data;
}
