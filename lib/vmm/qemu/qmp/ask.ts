import {z} from 'zod';
import {Broken} from '../../../util/errors.ts';
import type {Qmp} from './client.ts';

/** Runs a command and reads its answer by a schema. Throws Broken on an answer of another form, QmpError where QEMU refuses. */
export const ask = async <T>(qmp: Qmp, command: string, schema: z.ZodType<T>): Promise<T> => read(schema, await qmp.execute(command), `QEMU's answer to ${command}`);

/** Reads something that QEMU sent by a schema. Throws Broken, with `what`, on another form. */
export function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (!result.success) throw new Broken(`${what} is not of the form that it has in QEMU's schema: ${z.prettifyError(result.error)}`);
  return result.data;
}
