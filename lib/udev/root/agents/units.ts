import {KiB} from '../../../util/size.ts';
import {distinct, linesOf} from '../conf-dirs.ts';
import {shellWords} from '../boot/shell-words.ts';
import {baseOf, joined} from '../tree/nodes.ts';
import type {Tree} from '../tree/tree.ts';
import {deedsOf, type Deeds} from './commands.ts';
import type {Setting} from './setting.ts';

const DIRS = [
  'etc/systemd/system',
  'run/systemd/system',
  'usr/local/lib/systemd/system',
  'usr/lib/systemd/system',
  'lib/systemd/system',
] as const;
/** A script is no larger than this. */
const SCRIPT = 256 * KiB;
/** Targets that a system reaches only when it ends, or when something is wrong. */
const NOT_BOOTED =
  /^(rescue|emergency|shutdown|reboot|poweroff|halt|kexec|exit|soft-reboot|suspend|hibernate|hybrid-sleep|sleep|umount|final|system-update)[\w-]*\.target\./;

/** A unit that writes to what decides about plugged memory. */
export interface Agent {
  readonly name: string;
  readonly settings: readonly Setting[];
  /** Started again and again, or waits: it sees what is plugged later too. */
  readonly watches: boolean;
}

/** The systemd units of a root that are started at boot and write to memory blocks or to the policy. */
export function unitAgents(tree: Tree): Agent[] {
  const units = new Units(tree);
  return units.started().flatMap((name) => units.agent(name));
}

/** A unit that a rule starts for a block (SYSTEMD_WANTS). */
export const agentOfUnit = (tree: Tree, name: string): Agent[] => new Units(tree).agent(name);

interface Line {
  readonly key: string;
  readonly value: string;
  readonly path: string;
  readonly line: number;
}

class Units {
  readonly #tree: Tree;
  readonly #dirs: readonly string[];

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#dirs = distinct(tree, DIRS);
  }

  /** Names of all units that links in *.wants and *.requires start, and of those that these name. */
  started(): string[] {
    const links = this.#dirs.flatMap((dir) =>
      this.#tree
        .names(dir)
        .filter((name) => /\.(wants|requires|upholds)$/.test(name) && !NOT_BOOTED.test(name))
        .flatMap((name) => this.#tree.names(joined(dir, name))),
    );
    const names = new Set(links);
    for (const name of names) {
      const lines = this.#lines(name);
      for (const {key, value} of lines)
        if (/^(Wants|Requires|BindsTo|Upholds)$/.test(key)) for (const other of value.split(/\s+/)) names.add(other);
      if (/\.(timer|path|socket)$/.test(name))
        names.add(
          lines.find(({key}) => key === 'Unit' || key === 'Service')?.value ?? name.replace(/\.\w+$/, '.service'),
        );
    }
    return [...names].filter((name) => name.endsWith('.service')).sort();
  }

  agent(name: string): Agent[] {
    const lines = this.#lines(name);
    const by = `the unit ${name}`;
    const deeds = lines
      .filter(({key}) => /^Exec(Start|StartPre|StartPost|Reload)$/.test(key))
      .flatMap((line) => this.#deeds(line, by));
    const settings = deeds.flatMap((one) => one.settings);
    if (settings.length === 0) return [];
    const timed = ['.timer', '.path'].some((kind) => this.#paths(name.replace(/\.service$/, kind)).length > 0);
    return [{name, settings, watches: timed || deeds.some(({watches}) => watches)}];
  }

  /** What an ExecStart= does: by its own text, or by that of a script which it runs. */
  #deeds({value, path, line}: Line, by: string): Deeds[] {
    const command = value
      .replace(/^[-@:+!|]+/, '')
      .replaceAll('$$', '$')
      .replaceAll('%%', '%');
    const scripts = shellWords(command)
      .filter((word) => /^\/[\w./@+-]+$/.test(word))
      .flatMap((word): Deeds[] => {
        const found = this.#tree.file(word, SCRIPT);
        if (found?.kind !== 'file' || found.bytes.includes(0)) return [];
        const text = Buffer.from(found.bytes).toString();
        return text.startsWith('#!') || /\.(sh|py|pl)$/.test(word) ? [deedsOf(text, found.path, 1, by)] : [];
      });
    return [deedsOf(command, path, line, by), ...scripts];
  }

  /**
   * The lines of a unit and of its drop-ins, those that continue others joined. An empty ExecStart= takes back what
   * came before.
   */
  #lines(name: string): Line[] {
    let lines: Line[] = [];
    for (const path of this.#paths(name)) {
      const text = this.#tree.text(path) ?? '';
      let open: {text: string; line: number} | undefined;
      for (const {line, text: one} of linesOf(text)) {
        const whole: string = open ? `${open.text} ${one.trimStart()}` : one;
        const at: number = open?.line ?? line;
        open = one.endsWith('\\') && !/^\s*[#;]/.test(one) ? {text: whole.slice(0, -1).trimEnd(), line: at} : undefined;
        const [, key, value] = (open ? null : /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(whole)) ?? [];
        if (key === undefined || value === undefined) continue;
        lines = value === '' ? lines.filter((other) => other.key !== key) : [...lines, {key, value, path, line: at}];
      }
    }
    return lines;
  }

  /** The file of a unit and those of its drop-ins; none where it is masked or not there. */
  #paths(name: string): string[] {
    if (!/^[\w.@:\\-]+$/.test(name)) return [];
    const template = name.replace(/@[^.]*\./, '@.');
    const dir = this.#dirs.find((one) => this.#tree.has(joined(one, name)) || this.#tree.has(joined(one, template)));
    if (dir === undefined) return [];
    const path = joined(dir, this.#tree.has(joined(dir, name)) ? name : template);
    if (this.#tree.file(path)?.kind !== 'file') return [];
    const dropIns = new Map<string, string>();
    for (const where of [...this.#dirs].reverse()) {
      for (const one of [template, name])
        for (const file of this.#tree.names(joined(where, `${one}.d`)))
          if (file.endsWith('.conf')) dropIns.set(file, joined(joined(where, `${one}.d`), file));
    }
    return [path, ...[...dropIns.values()].sort((a, b) => (baseOf(a) < baseOf(b) ? -1 : 1))];
  }
}
