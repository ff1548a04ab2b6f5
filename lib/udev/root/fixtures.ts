import {lintRoot, type RootLinted, type RootQuestion} from './lint-root.ts';
import {memoryNodes, type Kept} from './tree/memory.ts';
import {Tree} from './tree/tree.ts';

/** Files of a root by their paths; a text that begins with "-> " is a link, one with "#!" may be run. */
export type Texts = Readonly<Record<string, string>>;

export const treeOf = (texts: Texts): Tree =>
  new Tree(
    memoryNodes(
      new Map(
        Object.entries(texts).map(([path, text]): [string, Kept] => [
          path,
          text.startsWith('-> ')
            ? {target: text.slice(3)}
            : {bytes: Buffer.from(text), executable: text.startsWith('#!')},
        ]),
      ),
    ),
  );

export const question: RootQuestion = {running: false, virt: 'kvm', shown: (path) => path};

export const linted = (texts: Texts, more: Partial<RootQuestion> = {}): RootLinted =>
  lintRoot(treeOf(texts), {...question, ...more});

/** A kernel of Debian 12's kind, which leaves plugged memory offline, and one of Debian 13's, which onlines it. */
export const leaving: Texts = {
  'etc/os-release': 'ID=debian\nPRETTY_NAME="Debian 12"\n',
  'usr/bin/systemd-tmpfiles': 'x',
  'usr/bin/udevadm': 'x',
  'usr/lib/systemd/libsystemd-shared-252.so': 'x',
  lib: '-> usr/lib',
  bin: '-> usr/bin',
  'boot/vmlinuz-6.1.0-44-amd64': 'x',
  'boot/config-6.1.0-44-amd64':
    'CONFIG_X86_64=y\nCONFIG_MEMORY_HOTPLUG=y\n# CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE is not ' +
    'set\nCONFIG_MEMORY_HOTREMOVE=y\n',
};
export const onlining: Texts = {
  ...leaving,
  'boot/vmlinuz-6.12.48-amd64': 'x',
  'boot/config-6.12.48-amd64':
    'CONFIG_X86_64=y\nCONFIG_MEMORY_HOTPLUG=y\nCONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO=y\nCONFIG_MEMORY_HOTREMOVE=y\n',
};

export const TMPFILES = 'w /sys/devices/system/memory/auto_online_blocks - - - - ';
export const MOVABLE = 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online_movable"\n';
