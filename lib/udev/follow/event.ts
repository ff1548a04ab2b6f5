import {spawn} from '../command/spawn.ts';
import type {Host} from '../command/host.ts';
import type {Guest} from '../guest.ts';
import {isMatch, placeOf, type Rule, type RulesFile, type Token} from '../rules/rule.ts';
import {Attributes, type Device} from './attribute.ts';
import {Collected} from './collected.ts';
import {concernsMemory} from './concerns.ts';
import type {Oracle} from './explore.ts';
import {fill, type Filling} from './fill.ts';
import {hostFor} from './host.ts';
import {Kernel} from './kernel.ts';
import {matchAttribute, matchOf} from './match.ts';
import {BLOCK_FILES} from './paths.ts';
import {TooLong, type Budget, type By, type Event, type Followed} from './types.ts';
import {isKnown, textMatches, unknown} from './unknown.ts';

const PARENTS = new Set(['KERNELS', 'SUBSYSTEMS', 'DRIVERS', 'ATTRS', 'TAGS']);

/**
 * One event's way through all rules, as udevd goes: rule by rule, then what RUN has collected, then the units that
 * systemd starts. `complete`: these are all rules that the guest has.
 */
export function followEvent(
  files: readonly RulesFile[],
  event: Event,
  complete: boolean,
  oracle: Oracle,
  budget: Budget,
): Followed {
  return new Walk(event, complete, oracle, budget).through(files);
}

class Walk {
  private readonly kernel: Kernel<By>;
  private readonly collected: Collected;
  private readonly attributes: Attributes;
  private readonly device: Device;
  private readonly filling: Filling;
  private readonly oracle: Oracle;
  private readonly budget: Budget;
  private runs = new Map<string, By>();
  private runsFinal = false;
  private wants: By | undefined;
  private parent: 'own' | 'above' | undefined;

  constructor(
    {guest, action, subsystem, name, devpath, state, found}: Event,
    complete: boolean,
    oracle: Oracle,
    budget: Budget,
  ) {
    this.oracle = oracle;
    this.budget = budget;
    this.device = {guest, action, subsystem, kernel: name, devpath, state};
    this.kernel = new Kernel<By>(guest, found, oracle);
    this.collected = new Collected(complete, {ACTION: action, SUBSYSTEM: subsystem, DEVPATH: devpath});
    this.attributes = new Attributes(this.device, this.kernel, oracle);
    this.filling = {
      device: this.device,
      attributes: this.attributes,
      collected: this.collected,
      parent: (attr) => (this.parent === 'above' ? this.above(attr) : undefined),
    };
  }

  through(files: readonly RulesFile[]): Followed {
    for (const file of files) this.throughFile(file);
    for (const [command, by] of this.runs) this.command(command, by);
    const wants = this.collected.property('SYSTEMD_WANTS');
    if (this.wants && this.collected.tags.has('systemd') && wants !== '' && isKnown(wants))
      this.hostOf({...this.wants, command: wants}).mayWrite(
        `the unit ${wants} (${this.wants.place.file}:${this.wants.place.line})`,
      );
    const {attempts, state, zone, by, policy, onlinePolicy} = this.kernel;
    return {attempts, state, zone, by, policy, onlinePolicy};
  }

  private throughFile(file: RulesFile): void {
    for (let i = 0; i < file.rules.length; i += 1) {
      const rule = file.rules[i];
      if (!rule || !isKept(rule, this.device.guest)) continue;
      const target = file.jumps.get(i);
      if (this.applyRule(file, rule) && target !== undefined) i = target - 1;
    }
  }

  private applyRule(file: RulesFile, rule: Rule): boolean {
    let parentsDone = false;
    for (const token of rule.tokens) {
      this.step();
      if (!isMatch(token)) this.assign(file, rule, token);
      else if (PARENTS.has(token.key)) {
        if (!parentsDone && !this.parentsMatch(rule.tokens.filter(({key}) => PARENTS.has(key)))) return false;
        parentsDone = true;
      } else if (!this.holds(file, rule, token)) return false;
    }
    return true;
  }

  private step(): void {
    this.budget.left -= 1;
    if (this.budget.left < 0) throw new TooLong();
  }

  private holds(file: RulesFile, rule: Rule, token: Token): boolean {
    if (token.key === 'PROGRAM') {
      this.collected.result = '';
      const {status, output} = this.command(
        fill(token.value, this.filling),
        {...at(file, rule, token), how: 'program', command: token.value},
        'PROGRAM',
      );
      if (status === 0) this.collected.result = output.replace(/\n+$/, '');
      return (status === 0) === (token.op === '==');
    }
    return token.key === 'IMPORT' ? this.imports(file, rule, token) : matchOf(token, this.filling, this.oracle);
  }

  private imports(file: RulesFile, rule: Rule, token: Token): boolean {
    const {attr = '', value, op} = token;
    const where = at(file, rule, token);
    const what = `IMPORT{${attr}}="${value}" (${where.place.file}:${where.place.line})`;
    const held = (truth: boolean): boolean => truth === (op === '==');
    if (attr === 'program') {
      const {status, output} = this.command(
        fill(value, this.filling),
        {...where, how: 'program', command: value},
        'IMPORT{program}',
      );
      if (status !== 0) return held(false);
      if (!isKnown(output)) this.collected.imported('*', what);
      else
        for (const [, name = '', text = ''] of output
          .split('\n')
          .map((line) => /^\s*([^=#\s]+)\s*=\s*['"]?(.*?)['"]?\s*$/.exec(line) ?? []))
          if (name !== '') this.collected.set(name, text);
      return held(true);
    }
    const one = attr === 'cmdline' || attr === 'db' || attr === 'parent';
    const succeeds = this.oracle.choose(`whether ${what} succeeds`, what, [true, false]);
    if (succeeds) this.collected.imported(one ? fill(value, this.filling) : '*', what);
    return held(succeeds);
  }

  /** The matches of parents of one rule: all have to hold for one device, the block or the directory above it. */
  private parentsMatch(tokens: readonly Token[]): boolean {
    if (this.device.subsystem !== 'memory')
      return this.oracle.choose(
        'the parents of the device',
        tokens.map(({key, attr, op, value}) => `${key}${attr ?? ''}${op}${value}`).join(),
        [true, false],
      );
    const all = (kernel: string, subsystem: string, attr: (name: string) => string | undefined): boolean =>
      tokens.every((token) => this.parentHolds(token, kernel, subsystem, attr));
    this.parent = all(this.device.kernel, 'memory', (name) => this.attributes.own(name))
      ? 'own'
      : all('memory', '', (name) => this.above(name))
        ? 'above'
        : undefined;
    return this.parent !== undefined;
  }

  private parentHolds(
    token: Token,
    kernel: string,
    subsystem: string,
    attr: (name: string) => string | undefined,
  ): boolean {
    const {key, pattern, op, value} = token;
    if (!pattern || key === 'TAGS') return this.oracle.choose(`${key}=="${value}"`, op, [true, false]);
    if (key === 'ATTRS')
      return matchAttribute(
        token,
        token.attr?.startsWith('[') ? this.attributes.other(token.attr) : attr(token.attr ?? ''),
        this.oracle,
      );
    return (
      textMatches(pattern, key === 'KERNELS' ? kernel : key === 'SUBSYSTEMS' ? subsystem : '', this.oracle) !==
      (op === '!=')
    );
  }

  private above(name: string): string | undefined {
    if (name === 'auto_online_blocks') return this.kernel.policy;
    return (BLOCK_FILES as readonly string[]).includes(name) && name !== 'uevent'
      ? undefined
      : unknown(`${name} of the directory of all blocks`);
  }

  private assign(file: RulesFile, rule: Rule, token: Token): void {
    const {key, attr = '', op} = token;
    const where = at(file, rule, token);
    if (key === 'ENV') this.environment(attr, op, token.value, {...where, how: 'unit'});
    else if (key === 'TAG') this.tag(op, fill(token.value, this.filling));
    else if (key === 'ATTR') this.attribute(attr, fill(token.value, this.filling), {...where, how: 'attribute'});
    else if (key === 'RUN' && !this.runsFinal) {
      if (op === '=' || op === ':=') this.runs = new Map();
      this.runsFinal = op === ':=';
      const command = fill(token.value, this.filling);
      if (attr !== 'builtin' && !this.runs.has(command))
        this.runs.set(command, {...where, how: 'program', command: token.value});
    }
  }

  private environment(name: string, op: string, value: string, by: By): void {
    if (name === 'SYSTEMD_WANTS') this.wants = by;
    const old = op === '+=' ? this.collected.property(name) : '';
    if (value === '' && op === '+=') return;
    this.collected.set(name, `${old === '' ? '' : `${old} `}${fill(value, this.filling)}`);
  }

  private tag(op: string, tag: string): void {
    if (op === '=' || op === ':=') this.collected.tags.clear();
    if (op === '-=') this.collected.tags.delete(tag);
    else this.collected.tags.add(tag);
  }

  private attribute(name: string, value: string, by: By): void {
    const before = this.kernel.attempts.length;
    const errno = this.kernel.write(this.attributes.pathOf(name), value, by);
    if (this.kernel.attempts.length > before) this.attributes.wrote(name, value, errno === undefined);
  }

  private command(command: string, by: By, key = 'RUN'): {status: number; output: string} {
    return spawn(command, this.hostOf(by, key), this.collected.environment());
  }

  private hostOf(by: By, key = 'RUN'): Host {
    return hostFor(this.kernel, this.oracle, this.device.guest, by, key, () => {
      this.step();
    });
  }
}

const at = (file: RulesFile, rule: Rule, token: Token): Pick<By, 'place' | 'lines' | 'concerns'> => ({
  concerns: concernsMemory(file, rule, token.value),
  place: placeOf(file, rule, token.at),
  lines: {first: rule.source.parts[0]?.line ?? rule.source.last, last: rule.source.last},
});

/** Old udevds drop rules that have something they do not know: `i""` came with 257. */
const isKept = ({tokens}: Rule, {systemd}: Guest): boolean =>
  systemd === undefined || systemd >= 257 || !tokens.some(({pattern}) => pattern?.ignoreCase);
