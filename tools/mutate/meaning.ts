import {isDeepStrictEqual} from 'node:util';
import {parseObservation} from '../../lib/guest/observation.ts';
import type {Mutant} from '../replay/faults/mutants.ts';
import {OBSERVE, type Answer, type Entry} from '../replay/recording.ts';

/** Parts of an observation that nobody could know to be wrong. */
export interface Unknowable {
  readonly part: 'meminfo' | 'zoneinfo' | 'log' | 'buses';
  /** Fields of meminfo that can be known. */
  readonly but: readonly string[];
}

/**
 * Does a mutant leave all as it is that could be known? Of observations alone; what can't be read means something else.
 */
export function meansTheSame({answers}: Mutant, unknowable: readonly Unknowable[]): boolean {
  return [...answers].every(([entry, answer]) => {
    const [right, wrong] = [textOf(entry, entry.answer), textOf(entry, answer)];
    if (right === undefined || wrong === undefined) return false;
    try {
      return isDeepStrictEqual(meaning(right, unknowable), meaning(wrong, unknowable));
    } catch {
      return false;
    }
  });
}

function textOf(entry: Entry, answer: Answer): string | undefined {
  if (entry.kind !== 'script' || entry.question !== OBSERVE || !('stdout' in answer)) return undefined;
  return 'status' in answer && answer.status === 0 ? answer.stdout : undefined;
}

/** Lines of the kernel's log that say what an observation must know. */
const TELLING = /WARNING|BUG|Oops|panic|Out of memory|allocation failure|add_memory failed|unaligned hotplug range/;

function meaning(text: string, unknowable: readonly Unknowable[]): unknown {
  const {meminfo, zones, kernelLog, iomem, ...rest} = parseObservation(text);
  const of = (part: Unknowable['part']): Unknowable | undefined => unknowable.find((one) => one.part === part);
  const fields = of('meminfo');
  let inRam = false;
  const memory = iomem.filter(({depth, name}) => {
    if (depth === 0) inRam = name.startsWith('System RAM');
    return depth === 0 || inRam;
  });
  return {
    ...rest,
    meminfo: fields ? Object.entries(meminfo).filter(([name]) => fields.but.includes(name)) : meminfo,
    zones: of('zoneinfo') ? zones.map(({free, ...zone}) => ({...zone, hasFree: Number.isInteger(free)})) : zones,
    kernelLog: of('log') ? kernelLog.filter((line) => TELLING.test(line)) : kernelLog,
    iomem: of('buses') ? memory : iomem,
  };
}
