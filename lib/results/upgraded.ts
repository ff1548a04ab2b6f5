import {SCHEMA} from './record.ts';

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** In schema 1 a cell had QEMU's version alone: there was no other hypervisor. */
function ofSchema1(cell: unknown): unknown {
  if (!isObject(cell) || !('qemu' in cell)) return cell;
  const {qemu, ...rest} = cell;
  return {...rest, vmm: {name: 'qemu', version: qemu}};
}

/** A record or run.json of an older schema in today's form; anything else as it is. */
export function upgraded(value: unknown): unknown {
  if (!isObject(value) || value['schema'] !== 1) return value;
  const {cell, cells, ...rest} = value;
  return {
    ...rest,
    schema: SCHEMA,
    ...(cell === undefined ? {} : {cell: ofSchema1(cell)}),
    ...(Array.isArray(cells) ? {cells: cells.map((one) => ofSchema1(one))} : {}),
  };
}
