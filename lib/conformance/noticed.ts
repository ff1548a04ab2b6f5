import type {Clone} from '../machine/clone.ts';
import type {Qmp} from '../qmp/client.ts';
import type {Shell} from '../shell/shell.ts';

/** A device as query-memory-devices lists it. */
export interface Listed {
  readonly id: string;
  /** All that QEMU says of it, but the sizes of virtio-mem. */
  readonly all: string;
  /** The size that virtio-mem is asked for; undefined for a DIMM. */
  readonly requested?: unknown;
  /** Is it of a kind that there is, plugged while the machine runs, and can be unplugged? */
  readonly isPlugged: boolean;
}

/** A clone, and what was asked of it since the last look: so that the next one can tell what may have changed, and what QEMU said meanwhile. */
export class Noticed {
  readonly clone: Clone;
  /** Answers to query-memory-devices since the last look, in order; at a look the last one is its own. */
  listings: Listed[][] = [];
  /** Has a script named auto_online_blocks since the last look? The word, where all that it did was to write one, and that was accepted. */
  policyWritten: boolean | string = false;
  /** The states of blocks as they were written since the last look, and accepted, by block id. */
  readonly statesWritten = new Map<number, string>();
  /** Has a size been asked for since the last look? */
  sizeWritten = false;
  /** Has a script named parameters of memory_hotplug since the last look? */
  zonePolicyWritten = false;

  constructor(clone: Clone) {
    this.clone = {...clone, vm: {qmp: this.#monitor(clone.vm.qmp), console: clone.vm.console, gone: clone.vm.gone}, shell: this.#shell(clone.shell), watch: this.#shell(clone.watch)};
  }

  /** What comes now is noticed for the next look. */
  forget(): void {
    this.listings = [];
    this.policyWritten = false;
    this.statesWritten.clear();
    this.zonePolicyWritten = false;
    this.sizeWritten = false;
  }

  #shell(shell: Shell): Shell {
    return {
      kind: shell.kind,
      close: () => {
        shell.close();
      },
      run: async (script, ms, where) => {
        if (script.includes('auto_online_blocks')) this.policyWritten = true;
        this.zonePolicyWritten ||= /memory_hotplug|online_policy|auto_movable/.test(script);
        const result = await shell.run(script, ms, where);
        if (result.status === 0 && result.stderr === '') this.#accepted(script);
        return result;
      },
    };
  }

  #accepted(script: string): void {
    const [, word = '', block, policy] = /^echo '(online|online_kernel|online_movable|offline|1|0)' >'\/sys\/devices\/system\/memory\/(?:memory(\d+)\/(?:state|online)|(auto_online_blocks))'$/.exec(script) ?? [];
    if (policy !== undefined) this.policyWritten = word;
    if (block !== undefined) this.statesWritten.set(Number(block), word === 'offline' || word === '0' ? 'offline' : 'online');
  }

  #monitor(qmp: Qmp): Qmp {
    return {
      events: qmp.events,
      hmp: (line) => qmp.hmp(line),
      execute: async (command, args) => {
        this.sizeWritten ||= /^(?:qom-set|device_add|human-monitor-command|system_reset)$/.test(command);
        const answer = await qmp.execute(command, args);
        if (command === 'query-memory-devices' && Array.isArray(answer)) this.listings.push(answer.map((one) => listed(one)));
        return answer;
      },
    };
  }
}

/** Kinds of memory devices. Source: MemoryDeviceInfoKind in QEMU's qapi/machine.json. */
const KINDS = new Set(['dimm', 'nvdimm', 'virtio-pmem', 'virtio-mem', 'sgx-epc', 'hv-balloon']);

function listed(device: unknown): Listed {
  const {type = '', data = {}} = device as {type?: string; data?: {id?: string; hotplugged?: boolean; hotpluggable?: boolean; 'requested-size'?: unknown}};
  const isDimm = type === 'dimm';
  const {hotplugged = !isDimm, hotpluggable = !isDimm} = data;
  const changing = isDimm ? [] : ['size', 'requested-size'];
  return {
    id: data.id ?? '',
    all: JSON.stringify([type, Object.entries(data).filter(([key]) => !changing.includes(key)).sort()]),
    ...(isDimm ? {} : {requested: data['requested-size']}),
    isPlugged: KINDS.has(type) && hotplugged && hotpluggable,
  };
}

/** Lists of QEMU's memory devices. */
export interface Listings {
  /** Those of a step, the one of the look after it last. */
  readonly listings: readonly (readonly Listed[])[];
  /** That of the look before; undefined at the first one. */
  readonly before: readonly Listed[] | undefined;
  /** May virtio-mem have been asked for another size meanwhile? */
  readonly sizeWritten: boolean;
}

/** What differs between them, in words. */
export function strangeListings({listings, before, sizeWritten}: Listings): string[] {
  const last = listings.at(-1) ?? [];
  const known = new Map([...last, ...(before ?? [])].map((one) => [one.id, one]));
  const always = (before ?? []).map(({id}) => id).filter((id) => last.some((one) => one.id === id));
  const missing = listings.flatMap((listing) => always.filter((id) => !listing.some((one) => one.id === id)).map((id) => `${id} is not listed, and was there before and after`));
  return missing.concat(listings.flatMap((listing) => listing.flatMap((one, i) => {
    const {id, all, requested, isPlugged} = one;
    if (listing.findIndex((other) => other.id === id) < i) return [`${id} is listed twice`];
    const right = known.get(id);
    if (right === undefined) return [`${id} is listed, and was there neither before nor after`];
    if (before && !isPlugged && !before.some((other) => other.id === id)) return [`${id} came while the machine runs, and is ${all}`];
    if (!sizeWritten && requested !== right.requested) return [`${id} is asked for ${String(requested)} bytes, and at another time ${String(right.requested)}`];
    return right.all === all ? [] : [`${id} is ${all}, and at another time ${right.all}`];
  })));
}
