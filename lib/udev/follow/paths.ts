/** A file of sysfs that has to do with memory, by its path. */
export type Target =
  | {readonly kind: 'block'; readonly block: number; readonly file: string}
  | {readonly kind: 'policy'}
  | {readonly kind: 'online_policy'}
  | {readonly kind: 'directory'}
  | {readonly kind: 'cpu'}
  | {readonly kind: 'other'};

const MEMORY = '/sys/devices/system/memory';
/** Files of each block; valid_zones where memory can be offlined. */
export const BLOCK_FILES = [
  'state',
  'online',
  'removable',
  'phys_index',
  'phys_device',
  'valid_zones',
  'uevent',
] as const;

/** `.` and `..` and doubled slashes taken out. */
export function normalized(path: string): string {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return `/${kept.join('/')}`;
}

/** Where a path leads from a directory. */
export const resolved = (cwd: string, path: string): string =>
  normalized(path.startsWith('/') ? path : `${cwd}/${path}`);

const BLOCK = /^\/sys\/(?:devices\/system\/(?:memory|node\/node\d+)|bus\/memory\/devices)\/memory(\d{1,7})(?:\/(.*))?$/;

/** What a path is. */
export function targetOf(path: string): Target {
  const at = normalized(path);
  const [, number, file] = BLOCK.exec(at) ?? [];
  if (number !== undefined)
    return file === undefined ? {kind: 'directory'} : {kind: 'block', block: Number(number), file};
  if (at === `${MEMORY}/auto_online_blocks`) return {kind: 'policy'};
  if (at === '/sys/module/memory_hotplug/parameters/online_policy') return {kind: 'online_policy'};
  if (at === MEMORY || /^\/sys\/(bus\/memory\/devices|devices\/system\/node(\/node\d+)?)$/.test(at))
    return {kind: 'directory'};
  return /^\/sys\/(devices\/system\/cpu|bus\/cpu\/devices)\/cpu\d+\/online$/.test(at) ? {kind: 'cpu'} : {kind: 'other'};
}

/** Where `[subsystem/device]attribute` leads; undefined where it is none. */
export function ofOther(name: string): string | undefined {
  const [, subsystem = '', device = '', file = ''] = /^\[([^/\]]*)\/([^\]]*)\]\/?(.*)$/.exec(name) ?? [];
  if (subsystem === '') return undefined;
  if (subsystem === 'module') return `/sys/module/${device}/${file}`;
  if (subsystem === 'subsystem') return `/sys/bus/${device}/${file}`;
  return subsystem === 'dmi' ? `/sys/class/dmi/${device}/${file}` : `/sys/bus/${subsystem}/devices/${device}/${file}`;
}

/** Paths that a pattern of the shell finds among the files of these blocks, in its order. */
export function globbed(
  pattern: string,
  blocks: readonly number[],
  matches: (pattern: string, text: string) => boolean,
): string[] {
  const parts = pattern.split('/').filter((part) => part !== '');
  const level = [MEMORY, '/sys/bus/memory/devices', '/sys/devices/system/node/node0'];
  const paths = [
    ...level,
    ...level.flatMap((dir) => blocks.map((block) => `${dir}/memory${block}`)),
    ...level.flatMap((dir) => blocks.flatMap((block) => BLOCK_FILES.map((file) => `${dir}/memory${block}/${file}`))),
    `${MEMORY}/auto_online_blocks`,
    `${MEMORY}/block_size_bytes`,
  ];
  return paths
    .filter((path) => {
      const own = path.split('/').slice(1);
      return own.length === parts.length && own.every((one, i) => matches(parts[i] ?? '', one));
    })
    .map((path) => (pattern.endsWith('/') ? `${path}/` : path))
    .sort();
}
