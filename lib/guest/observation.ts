import type {Vmm, VmmView} from '../vmm/vmm.ts';
import type {Shell} from '../shell/shell.ts';
import {Broken} from '../util/errors.ts';
import {exactNumber} from '../util/number.ts';
import {bytes, type Bytes} from '../util/size.ts';
import {clean} from '../util/text.ts';
import {parseBlocks, type BlockView} from './blocks.ts';
import {parseIomem, type IoRange} from './iomem.ts';
import {messagesOf} from './kernel-log.ts';
import {memTotalOf, parseMeminfo, type Meminfo} from './meminfo.ts';
import {parseZoneinfo, type Zone} from './zoneinfo.ts';

/**
 * Everything readable about memory at one moment, from all three views: the hypervisor's, sysfs,
 * meminfo/zoneinfo/iomem.
 */
export interface Observation {
  /** As its hypervisor has it. */
  readonly vmm: VmmView;
  readonly policy: string | undefined;
  /** A base page of the guest's kernel. */
  readonly page: Bytes;
  /** What iomem calls boot memory that isn't in System RAM; absent where it isn't listed. */
  readonly unmapped?: string | undefined;
  readonly blockSize: Bytes;
  readonly blocks: readonly BlockView[];
  readonly meminfo: Meminfo;
  readonly zones: readonly Zone[];
  readonly iomem: readonly IoRange[];
  /** MemTotal in KiB, by node. */
  readonly nodeTotals: Readonly<Record<number, number>>;
  /** node/possible, online, has_memory, has_normal_memory, as they read. */
  readonly nodeMasks: Readonly<Record<string, string>>;
  /**
   * When the guest says that it booted, in s since 1970; another moment once its clock has been set. Source: btime of
   * proc_stat(5).
   */
  readonly bootTime: number;
  /** Kernel messages since the observation before. */
  readonly kernelLog: readonly string[];
}

/** What is known of a guest's kernel beforehand. */
type Kernel = Pick<Observation, 'page' | 'unmapped'>;

/** Takes an observation: one round trip to the guest, beside the questions to its hypervisor. */
export async function observe(
  vmm: Pick<Vmm, 'view'>,
  shell: Shell,
  {page, unmapped, ms, parse = parseObservation}: Kernel & {ms: number; parse?: typeof parseObservation | undefined},
): Promise<Observation> {
  const [guest, view] = await Promise.all([shell.run('memhp_observe', ms, 'here'), vmm.view()]);
  if (guest.status !== 0)
    throw new Broken(`the guest's memhp_observe ended with status ${guest.status}: ${clean(guest.stderr, 500)}`);
  return {...parse(guest.stdout), page, ...(unmapped === undefined ? {} : {unmapped}), vmm: view};
}

/**
 * Parses what memhp_observe prints (lib/guest/script.ts). Throws Broken where a part is missing, or something else is
 * in between.
 */
export function parseObservation(text: string): Omit<Observation, 'vmm' | keyof Kernel> {
  const {fileText, linkText, logText} = partsOf(text);
  const files = filesOf(fileText);
  const file = (path: string): string => {
    const content = files.get(path);
    if (content === undefined) throw new Broken(`the observation has no ${path}`);
    return content;
  };
  const blockSize = files.get('memory/block_size_bytes');
  if (blockSize === undefined || !/^[0-9a-f]+$/.test(blockSize))
    throw new Broken(`block_size_bytes is not hex: "${blockSize?.slice(0, 100) ?? 'missing'}"`);
  const nodeTotals: Record<number, number> = {};
  const nodeMasks: Record<string, string> = {};
  for (const [path, content] of files) {
    const node = /^node\/node(\d+)\/meminfo$/.exec(path)?.[1];
    if (node !== undefined) nodeTotals[exactNumber(node, 'a node')] = memTotalOf(parseMeminfo(content), path);
    else if (/^node\/\w+$/.test(path)) nodeMasks[path.slice(5)] = content;
  }
  const meminfo = parseMeminfo(file('/proc/meminfo'));
  memTotalOf(meminfo, '/proc/meminfo');
  return {
    policy: files.get('memory/auto_online_blocks'),
    blockSize: bytes(exactNumber(blockSize, 'block_size_bytes', 16)),
    blocks: parseBlocks(files, linkText),
    meminfo,
    zones: parseZoneinfo(file('/proc/zoneinfo')),
    iomem: parseIomem(file('/proc/iomem')),
    nodeTotals,
    nodeMasks,
    bootTime: bootTimeOf(file('/proc/stat')),
    // All of it: a warning must not hide behind so many other messages that it would be cut off.
    kernelLog: messagesOf(logText),
  };
}

function bootTimeOf(stat: string): number {
  const digits = /^btime (\d+)$/m.exec(stat)?.[1];
  if (digits === undefined) throw new Broken('/proc/stat has no btime');
  return exactNumber(digits, 'btime of /proc/stat');
}

/**
 * The three parts. What comes before the kernel's log has no line that could be a mark; the log itself may say
 * anything.
 */
function partsOf(text: string): {fileText: string; linkText: string; logText: string} {
  const links = text.indexOf('\n@links\n');
  const log = text.indexOf('\n@kernel-log\n', Math.max(0, links));
  const end = text.trimEnd().endsWith('\n@end') ? text.lastIndexOf('\n@end') : -1;
  if (links < 0 || log < links || end < log)
    throw new Broken("the observation is cut: a part of memhp_observe's output is missing");
  return {
    fileText: text.slice(0, links),
    linkText: text.slice(links + '\n@links'.length, log),
    logText: text.slice(log + '\n@kernel-log'.length, end),
  };
}

/** The files that memhp_observe reads. */
const PATH =
  /^(?:\/proc\/(?:meminfo|zoneinfo|iomem|stat)|memory\/(?:auto_online_blocks|block_size_bytes)|memory\/memory(?:0|[1-9]\d*)\/(?:state|online|valid_zones|removable|phys_index|phys_device)|node\/(?:possible|online|has_memory|has_normal_memory)|node\/node(?:0|[1-9]\d*)\/meminfo)$/;

/** FILE:LINE lines, put together by file. */
function filesOf(text: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const at = line.indexOf(':');
    const path = line.slice(0, Math.max(0, at));
    if (!PATH.test(path))
      throw new Broken(`the observation has a line of no file that was asked for: "${line.slice(0, 120)}"`);
    const before = files.get(path);
    files.set(path, before === undefined ? line.slice(at + 1) : `${before}\n${line.slice(at + 1)}`);
  }
  return files;
}
