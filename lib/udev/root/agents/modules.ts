import {confFiles, linesOf} from '../conf-dirs.ts';
import type {Place} from '../place.ts';
import type {Tree} from '../tree/tree.ts';

/** A line that was meant to set something about plugged memory, and sets nothing. */
export interface NoEffect {
  readonly place: Place;
  readonly text: string;
  readonly why: string;
}

const PLACES = ['etc', 'run', 'usr/local/lib', 'usr/lib', 'lib'] as const;
const BUILT_IN =
  'memory_hotplug is built into every kernel that has it, and modprobe sets parameters of modules that it ' +
  "loads: give memory_hotplug.… on the kernel's command line";
const NO_SYSCTL =
  "no sysctl is called that: memory hotplug is set in /sys (tmpfiles.d) or on the kernel's command line";

/** Lines of modprobe.d and sysctl.d that name memory hotplug. None of them does anything. */
export function vainLines(tree: Tree): NoEffect[] {
  const modprobe = confFiles(tree, 'modprobe.d', PLACES).flatMap(({path, text}) =>
    linesOf(text).flatMap(({line, text: one}): NoEffect[] => {
      const [, command = '', module = ''] = /^\s*(options|blacklist|install|softdep|alias)\s+(\S+)/.exec(one) ?? [];
      const name = module.replaceAll('-', '_');
      if (name !== 'memory_hotplug' && name !== 'acpi_memhotplug') return [];
      const why =
        name === 'memory_hotplug' && command === 'options'
          ? BUILT_IN
          : `${name} is built into the kernel: modprobe never loads it`;
      return [{place: {path, line}, text: one.trim(), why}];
    }),
  );
  const files = [
    ...confFiles(tree, 'sysctl.d'),
    ...(tree.has('etc/sysctl.conf') ? [{path: 'etc/sysctl.conf', text: tree.text('etc/sysctl.conf') ?? ''}] : []),
  ];
  const sysctl = files
    .filter(({path}, i) => files.findIndex((one) => tree.real(one.path) === tree.real(path)) === i)
    .flatMap(({path, text}) =>
      linesOf(text).flatMap(({line, text: one}): NoEffect[] =>
        /^\s*-?[\w./-]*(memory_hotplug|auto_online_blocks|memhp_)/.test(one)
          ? [{place: {path, line}, text: one.trim(), why: NO_SYSCTL}]
          : [],
      ),
    );
  return [...modprobe, ...sysctl];
}
