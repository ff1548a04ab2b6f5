import {z} from 'zod';
import type {Qmp} from '../qmp/client.ts';
import type {Shell} from '../shell/shell.ts';
import {Broken} from '../util/errors.ts';
import {bytes, type Bytes} from '../util/size.ts';
import {clean} from '../util/text.ts';
import {parseBlocks, type BlockView} from './blocks.ts';
import {parseIomem, type IoRange} from './iomem.ts';
import {parseMeminfo, type Meminfo} from './meminfo.ts';
import {parseZoneinfo, type Zone} from './zoneinfo.ts';

/** QEMU's `query-memory-devices`: DIMMs; `memdev` is the backend. Source: qapi/machine.json. */
const memoryDevices = z.array(
  z.object({
    type: z.string(),
    data: z.looseObject({
      id: z.string().optional(),
      addr: z.number().optional(),
      slot: z.number().optional(),
      node: z.number().optional(),
      memdev: z.string().optional(),
      size: z.number(),
      hotplugged: z.boolean().optional(),
      hotpluggable: z.boolean().optional(),
    }),
  }),
);
const sizeSummary = z.object({'base-memory': z.number(), 'plugged-memory': z.number().optional()});

/** A memory device as QEMU has it: [address, address + size). */
export interface MemoryDevice {
  readonly id: string;
  readonly type: string;
  readonly address: Bytes;
  readonly size: Bytes;
  readonly slot: number | null;
  readonly node: number;
  readonly memdev: string;
}

/** Everything readable about memory at one moment, from all three views: QMP, sysfs, meminfo/zoneinfo/iomem. */
export interface Observation {
  readonly qemu: {readonly base: Bytes; readonly plugged: Bytes; readonly devices: readonly MemoryDevice[]};
  readonly policy: string | undefined;
  readonly blockSize: Bytes;
  readonly blocks: readonly BlockView[];
  readonly meminfo: Meminfo;
  readonly zones: readonly Zone[];
  readonly iomem: readonly IoRange[];
  /** MemTotal in KiB, by node. */
  readonly nodeTotals: Readonly<Record<number, number>>;
  /** node/possible, online, has_memory, has_normal_memory, as they read. */
  readonly nodeMasks: Readonly<Record<string, string>>;
  /** Kernel messages since the observation before. */
  readonly kernelLog: readonly string[];
}

/** The memory devices as QEMU has them now. */
export async function queryDevices(qmp: Qmp): Promise<MemoryDevice[]> {
  return memoryDevices.parse(await qmp.execute('query-memory-devices')).map(({type, data}) => ({
    id: data.id ?? '',
    type,
    address: bytes(data.addr ?? 0),
    size: bytes(data.size),
    slot: data.slot ?? null,
    node: data.node ?? 0,
    memdev: data.memdev ?? '',
  }));
}

/** Takes an observation: one round trip to the guest, beside the questions to QEMU. */
export async function observe(qmp: Qmp, shell: Shell, ms: number): Promise<Observation> {
  const [guest, devices, summary] = await Promise.all([
    shell.run('memhp_observe', ms),
    queryDevices(qmp),
    qmp.execute('query-memory-size-summary').then((reply) => sizeSummary.parse(reply)),
  ]);
  if (guest.status !== 0) throw new Broken(`the guest's memhp_observe ended with status ${guest.status}: ${clean(guest.stderr, 500)}`);
  return {
    ...parseObservation(guest.stdout),
    qemu: {
      base: bytes(summary['base-memory']),
      plugged: bytes(summary['plugged-memory'] ?? 0),
      devices,
    },
  };
}

/** Parses what memhp_observe prints (lib/guest/script.ts). Throws Broken where a part is missing. */
export function parseObservation(text: string): Omit<Observation, 'qemu'> {
  const parts = /^([^]*)^@links\n([^]*)^@kernel-log\n([^]*)^@end\s*$/m.exec(text);
  if (!parts) throw new Broken('the observation is cut: a part of memhp_observe\'s output is missing');
  const [, fileText = '', linkText = '', logText = ''] = parts;
  const files = filesOf(fileText);
  const blockSize = files.get('memory/block_size_bytes');
  if (blockSize === undefined || !/^[0-9a-f]+$/.test(blockSize)) throw new Broken(`block_size_bytes is not hex: "${blockSize ?? 'missing'}"`);
  const nodeTotals: Record<number, number> = {};
  const nodeMasks: Record<string, string> = {};
  for (const [path, content] of files) {
    const node = /^node\/node(\d+)\/meminfo$/.exec(path)?.[1];
    if (node !== undefined) nodeTotals[Number(node)] = parseMeminfo(content)['MemTotal'] ?? 0;
    else if (path.startsWith('node/')) nodeMasks[path.slice(5)] = content;
  }
  return {
    policy: files.get('memory/auto_online_blocks'),
    blockSize: bytes(Number.parseInt(blockSize, 16)),
    blocks: parseBlocks(files, linkText),
    meminfo: parseMeminfo(files.get('/proc/meminfo') ?? ''),
    zones: parseZoneinfo(files.get('/proc/zoneinfo') ?? ''),
    iomem: parseIomem(files.get('/proc/iomem') ?? ''),
    nodeTotals,
    nodeMasks,
    kernelLog: clean(logText).split('\n').filter((line) => line !== ''),
  };
}

/** `grep -H ''` lines, put together by file. */
function filesOf(text: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    if (at < 0) continue;
    const path = line.slice(0, at);
    const before = files.get(path);
    files.set(path, before === undefined ? line.slice(at + 1) : `${before}\n${line.slice(at + 1)}`);
  }
  return files;
}
