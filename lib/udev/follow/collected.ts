import {globMatches} from '../rules/glob.ts';
import {unknown} from './unknown.ts';

/** What udevd collects on its way through the rules of an event: properties, tags, what the last program printed. */
export class Collected {
  private readonly values = new Map<string, {readonly value: string; readonly at: number}>();
  private readonly imports: {readonly pattern: string; readonly what: string; readonly at: number}[] = [];
  private readonly complete: boolean;
  private clock = 0;
  readonly tags = new Set<string>();
  result = '';

  /** `complete`: these are all rules that the guest has; a property that none of them sets is not set. */
  constructor(complete: boolean, own: Readonly<Record<string, string>>) {
    this.complete = complete;
    for (const [name, value] of Object.entries(own)) this.set(name, value);
  }

  property(name: string): string {
    const known = this.values.get(name);
    const since = this.imports.filter(({pattern, at}) => at > (known?.at ?? -1) && globMatches(pattern, name)).at(-1);
    if (since) return unknown(`the property ${name} from ${since.what}`);
    return (
      known?.value ??
      (this.complete || name.startsWith('.') || name === 'SYSTEMD_WANTS' ? '' : unknown(`the property ${name}`))
    );
  }

  set(name: string, value: string): void {
    this.clock += 1;
    this.values.set(name, {value, at: this.clock});
  }

  /** Properties whose names match the pattern are now what something else says. */
  imported(pattern: string, what: string): void {
    this.clock += 1;
    this.imports.push({pattern, what, at: this.clock});
  }

  /** What programs get as their environment: properties whose names do not begin with a dot. */
  environment(): Map<string, string> {
    return new Map([...this.values].filter(([name]) => !name.startsWith('.')).map(([name, {value}]) => [name, value]));
  }
}
