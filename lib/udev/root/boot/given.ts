import type {Word} from '../place.ts';
import type {Setting, SettingName} from '../agents/setting.ts';

/** What a kernel command line says about plugged memory. */
export interface Given {
  readonly settings: readonly Setting[];
  /** Flags that are given, with where: movable_node, acpi_no_memhotplug. */
  readonly flags: ReadonlyMap<string, Word>;
}

const FLAGS = ['movable_node', 'acpi_no_memhotplug'];
const NAMES: Readonly<Record<string, SettingName>> = {
  memhp_default_state: 'auto_online_blocks',
  'memory_hotplug.online_policy': 'online_policy',
  'memory_hotplug.auto_movable_ratio': 'auto_movable_ratio',
  'memory_hotplug.auto_movable_numa_aware': 'auto_movable_numa_aware',
};

/**
 * Reads the words up to `--`, behind which they are for init. For the kernel "-" and "_" are the same in a parameter's
 * name.
 */
export function givenBy(words: readonly Word[]): Given {
  const settings: Setting[] = [];
  const flags = new Map<string, Word>();
  const end = words.findIndex(({text}) => text === '--');
  for (const word of end < 0 ? words : words.slice(0, end)) {
    const [, name = '', quoted = ''] = /^"?([^=]*)=?(.*?)$/s.exec(word.text) ?? [];
    const plain = name.replaceAll('-', '_');
    const value = quoted.replaceAll('"', '');
    const setting = NAMES[plain];
    if (setting !== undefined)
      settings.push({name: setting, value, place: word.place, by: `the kernel parameter ${plain}`});
    if (FLAGS.includes(plain)) flags.set(plain, word);
  }
  return {settings, flags};
}
