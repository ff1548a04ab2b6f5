/** Whether a condition of Kconfig's holds with these options set; undefined where it is none that is understood. */
export function holds(condition: string, config: ReadonlyMap<string, string>): boolean | undefined {
  const reader = new Reader(condition, config);
  const value = reader.or();
  return reader.isUnderstood ? value : undefined;
}

/** Source of the language: "Menu dependencies" in Documentation/kbuild/kconfig-language.rst. */
class Reader {
  readonly #tokens: readonly string[];
  readonly #config: ReadonlyMap<string, string>;
  #at = 0;
  #isStrange = false;

  constructor(condition: string, config: ReadonlyMap<string, string>) {
    this.#tokens = condition.match(/&&|\|\||!=|[!()=]|"[^"]*"|'[^']*'|[\w-]+|\S/g) ?? [];
    this.#config = config;
  }

  /** Was all of it read, and none of it anything else? */
  get isUnderstood(): boolean {
    return !this.#isStrange && this.#at === this.#tokens.length;
  }

  or(): boolean {
    let value = this.#and();
    while (this.#take('||')) value = this.#and() || value;
    return value;
  }

  #and(): boolean {
    let value = this.#one();
    while (this.#take('&&')) value = this.#one() && value;
    return value;
  }

  #one(): boolean {
    if (this.#take('!')) return !this.#one();
    if (this.#take('(')) {
      const value = this.or();
      if (!this.#take(')')) this.#isStrange = true;
      return value;
    }
    const left = this.#value();
    if (this.#take('=')) return left === this.#value();
    if (this.#take('!=')) return left !== this.#value();
    return left === 'y' || left === 'm';
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  /** A constant, or what an option is set to. */
  #value(): string {
    const token = this.#tokens[this.#at] ?? '';
    this.#at += 1;
    if (/^["']/.test(token)) return token.slice(1, -1);
    if (/^(?:[ymn]|-?\d+)$/.test(token)) return token;
    if (!/^\w+$/.test(token)) this.#isStrange = true;
    return (this.#config.get(token) ?? 'n').replace(/^"(.*)"$/, '$1');
  }
}

/** The parts of a condition that must all hold: those between && outside of brackets. */
export function parts(condition: string): string[] {
  let depth = 0;
  const found = [''];
  for (const piece of condition.split(/(&&|[()])/)) {
    depth += piece === '(' ? 1 : piece === ')' ? -1 : 0;
    if (piece === '&&' && depth === 0) found.push('');
    else found.push((found.pop() ?? '') + piece);
  }
  // `a && b || c`: the whole of it is one condition, because || binds less
  return found.some((part) => hasOuterOr(part)) && found.length > 1
    ? [condition.trim()]
    : found.map((part) => part.trim());
}

/** Is there a || outside of brackets? */
function hasOuterOr(part: string): boolean {
  let depth = 0;
  return part.split(/(\|\||[()])/).some((piece) => {
    depth += piece === '(' ? 1 : piece === ')' ? -1 : 0;
    return piece === '||' && depth === 0;
  });
}
