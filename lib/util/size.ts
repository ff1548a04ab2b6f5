/** A size or address in bytes. Physical addresses stay below 2^52, so a number is exact. */
export type Bytes = number & {readonly __bytes: unique symbol};

/** Bytes in the units that memory is counted in. */
export const [KiB, MiB, GiB, TiB] = [2 ** 10, 2 ** 20, 2 ** 30, 2 ** 40] as const;

const UNITS: Record<string, number> = {'': 1, K: KiB, M: MiB, G: GiB, T: TiB};

export const bytes = (n: number): Bytes => n as Bytes;
export const kib = (n: number): Bytes => bytes(n * KiB);
export const mib = (n: number): Bytes => bytes(n * MiB);
export const gib = (n: number): Bytes => bytes(n * GiB);

/** Reads a size as QEMU writes it: `1G`, `256M`, `2048`. Throws RangeError on anything else. */
export function parseSize(text: string): Bytes {
  const match = /^(\d+)([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  if (!match) throw new RangeError(`"${text}" is no size; write it like 1G, 256M or 2048`);
  return bytes(Number(match[1]) * (UNITS[(match[2] ?? '').toUpperCase()] ?? 1));
}

/** A size for people, exact: the largest binary unit that divides it (`128 MiB`, `1 GiB`, `4097 B`). */
export function formatSize(size: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = size;
  let unit = 0;
  while (value !== 0 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value} ${units[unit] ?? 'B'}`;
}
