import {z} from 'zod';

/** Every message QEMU sends. Replies are loose: new versions add keys. */
export const message = z.union([
  z.object({QMP: z.looseObject({})}),
  z.object({
    event: z.string(),
    data: z.record(z.string(), z.unknown()).default({}),
    timestamp: z.object({seconds: z.number(), microseconds: z.number()}),
  }),
  z.object({error: z.object({class: z.string(), desc: z.string()}), id: z.number().optional()}),
  z.object({return: z.unknown(), id: z.number().optional()}),
]);
export type Message = z.infer<typeof message>;
