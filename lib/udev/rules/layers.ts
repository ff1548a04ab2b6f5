/** A rules file as it was read. */
export interface Source {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A file of a rules directory. */
export interface LayerFile extends Source {
  /** Why udevd does not read it: `mask` for an empty file or a link to /dev/null; else why it can't be read. */
  readonly unread?: string;
  /** Named by itself, and so looked at whatever its name. */
  readonly named?: boolean;
}

/** A rules directory. Those named first come before the others: a file replaces all of the same name further down. */
export interface Layer {
  readonly dir: string;
  readonly files: readonly LayerFile[];
}

export const MASK = 'mask';

/** The directories where udevd looks for rules, in its order; /lib only where it is not /usr/lib. */
export const ruleDirs = [
  'etc/udev/rules.d',
  'run/udev/rules.d',
  'usr/local/lib/udev/rules.d',
  'usr/lib/udev/rules.d',
  'lib/udev/rules.d',
] as const;

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The files that udevd reads, in its order: by name whatever the directory, and of each name the first. */
export function effective(layers: readonly Layer[]): LayerFile[] {
  const byName = new Map<string, LayerFile>();
  for (const file of layers.flatMap(({files}) => files)) {
    const name = nameOf(file.path);
    if ((name.endsWith('.rules') || file.named) && !byName.has(name)) byName.set(name, file);
  }
  return [...byName.values()].sort((a, b) => Buffer.compare(Buffer.from(nameOf(a.path)), Buffer.from(nameOf(b.path))));
}
