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

/** Kinds of memory devices. Source: MemoryDeviceInfoKind in QEMU's qapi/machine.json. */
const KINDS = new Set(['dimm', 'nvdimm', 'virtio-pmem', 'virtio-mem', 'sgx-epc', 'hv-balloon']);

/** What a device says of itself in an answer to query-memory-devices. */
export function listed(device: unknown): Listed {
  const {type = '', data = {}} = device as {
    type?: string;
    data?: {id?: string; hotplugged?: boolean; hotpluggable?: boolean; 'requested-size'?: unknown};
  };
  const isDimm = type === 'dimm';
  const {hotplugged = !isDimm, hotpluggable = !isDimm} = data;
  const changing = isDimm ? [] : ['size', 'requested-size'];
  return {
    id: data.id ?? '',
    all: JSON.stringify([
      type,
      Object.entries(data)
        .filter(([key]) => !changing.includes(key))
        .sort(),
    ]),
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
  const missing = listings.flatMap((listing) =>
    always
      .filter((id) => !listing.some((one) => one.id === id))
      .map((id) => `${id} is not listed, and was there before and after`),
  );
  return missing.concat(
    listings.flatMap((listing) =>
      listing.flatMap((one, i) => {
        const {id, all, requested, isPlugged} = one;
        if (listing.findIndex((other) => other.id === id) < i) return [`${id} is listed twice`];
        const right = known.get(id);
        if (right === undefined) return [`${id} is listed, and was there neither before nor after`];
        if (before && !isPlugged && !before.some((other) => other.id === id))
          return [`${id} came while the machine runs, and is ${all}`];
        if (!sizeWritten && requested !== right.requested)
          return [`${id} is asked for ${String(requested)} bytes, and at another time ${String(right.requested)}`];
        return right.all === all ? [] : [`${id} is ${all}, and at another time ${right.all}`];
      }),
    ),
  );
}
