import {readdir, readFile, stat} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {parseRules} from '../../lib/udev/rules/parse.ts';
import type {RulesFile} from '../../lib/udev/rules/rule.ts';
import {debianRules} from '../udev-verify/packages.ts';
import type {Subject} from './subject.ts';

/** The rule files of Debian's packages that have to do with memory blocks, each text once. */
export async function shippedRules(cache: string, say: (line: string) => void): Promise<Subject[]> {
  const {dir} = await debianRules(cache, say);
  const found = new Map<string, Subject>();
  for (const name of (await readdir(dir, {recursive: true})).sort()) {
    const path = join(dir, name);
    if (!name.endsWith('.rules') || name.includes('.part/') || !(await stat(path)).isFile()) continue;
    const bytes = await readFile(path);
    const text = bytes.toString('latin1');
    if (found.has(text) || !touchesMemory(parseRules(name, bytes))) continue;
    const [suite = '', folder = ''] = name.split('/');
    found.set(text, {
      name: `shipped/${folder.replace(/_.*/, '')}-${suite}`,
      kind: 'shipped',
      files: [{path: `/usr/lib/udev/rules.d/${basename(name)}`, text}],
    });
  }
  return [...found.values()];
}

/** Whether a file speaks of memory blocks: of their subsystem, names, or files. */
export const touchesMemory = ({rules}: RulesFile): boolean =>
  rules.some(({tokens}) =>
    tokens.some(
      ({key, attr = '', value}) =>
        (/^(SUBSYSTEMS?|KERNELS?|DEVPATH|PROGRAM|RUN|IMPORT|TEST)$/.test(key) && /\bmemory(\b|\d|[*?[])/.test(value)) ||
        (/^ATTRS?$/.test(key) &&
          /^(\[memory\/|\[module\/memory_hotplug\]|(.*\/)?(auto_online_blocks|phys_index|valid_zones)$|state$)/.test(
            attr,
          )),
    ),
  );
