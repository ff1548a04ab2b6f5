import {z} from 'zod';
import {bytes} from '../../util/size.ts';
import type {MemoryDevice, VmmView} from '../vmm.ts';
import {ask} from './qmp/ask.ts';
import {QmpError, type Qmp} from './qmp/client.ts';

/** QEMU's `query-memory-devices`: DIMMs and virtio-mem; `memdev` is the backend. Source: qapi/machine.json. */
const memoryDevices = z.array(
  z.object({
    type: z.string(),
    data: z.looseObject({
      id: z.string().optional(),
      addr: z.int().optional(),
      memaddr: z.int().optional(),
      slot: z.int().optional(),
      node: z.int().optional(),
      memdev: z.string().optional(),
      size: z.int(),
      hotplugged: z.boolean().optional(),
      hotpluggable: z.boolean().optional(),
      'requested-size': z.int().optional(),
      'max-size': z.int().optional(),
      'block-size': z.int().optional(),
    }),
  }),
);
const sizeSummary = z.object({'base-memory': z.int(), 'plugged-memory': z.int().optional()});
const balloon = z.object({actual: z.int()});

/** The memory devices as QEMU has them now. */
export async function queryDevices(qmp: Qmp): Promise<MemoryDevice[]> {
  return (await ask(qmp, 'query-memory-devices', memoryDevices)).map(({type, data}) => ({
    id: data.id ?? '',
    type,
    address: bytes(data.addr ?? data.memaddr ?? 0),
    size: bytes(data.size),
    slot: data.slot ?? null,
    node: data.node ?? 0,
    memdev: data.memdev ?? '',
    ...(data['max-size'] === undefined
      ? {}
      : {
          resizable: {
            requested: bytes(data['requested-size'] ?? 0),
            max: bytes(data['max-size']),
            block: bytes(data['block-size'] ?? 0),
          },
        }),
  }));
}

/**
 * What the balloon leaves the guest; null where QEMU has none. Source: query-balloon, whose error is then of the class
 * DeviceNotActive.
 */
export async function queryBalloon(qmp: Qmp): Promise<VmmView['balloon']> {
  try {
    return {left: bytes((await ask(qmp, 'query-balloon', balloon)).actual)};
  } catch (error) {
    if (error instanceof QmpError && error.errorClass === 'DeviceNotActive') return null;
    throw error;
  }
}

/** The guest's memory as QEMU has it now. */
export async function viewOf(qmp: Qmp): Promise<VmmView> {
  const [devices, summary, left] = await Promise.all([
    queryDevices(qmp),
    ask(qmp, 'query-memory-size-summary', sizeSummary),
    queryBalloon(qmp),
  ]);
  return {base: bytes(summary['base-memory']), plugged: bytes(summary['plugged-memory'] ?? 0), devices, balloon: left};
}
