/**
 * The libraries that a loader takes from elsewhere than a tree, or doesn't find, out of what `ld.so --list` prints:
 * `NAME => PATH (ADDRESS)`. The kernel's own (linux-vdso) has no path.
 */
export const librariesOutside = (list: string, tree: string): string[] =>
  [...list.matchAll(/^\s*(\S+) => (.*?)(?: \(0x[0-9a-f]+\))?$/gm)].flatMap(([, name = '', path = '']) =>
    path.startsWith(`${tree}/`) ? [] : [`${name} => ${path}`],
  );

/** The directories outside of a tree in which QEMU looks for its firmware, out of what `-L help` prints. */
export const firmwareOutside = (help: string, tree: string): string[] =>
  help.split('\n').filter((line) => line !== '' && !line.startsWith(`${tree}/`));
