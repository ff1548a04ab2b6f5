import type {z} from 'zod';
import type {Qmp} from './client.ts';
import {read} from './read.ts';

/**
 * Runs a command and reads its answer by a schema. Throws Broken on an answer of another form, QmpError where QEMU
 * refuses.
 */
export const ask = async <T>(qmp: Qmp, command: string, schema: z.ZodType<T>): Promise<T> =>
  read(schema, await qmp.execute(command), `QEMU's answer to ${command}`);
