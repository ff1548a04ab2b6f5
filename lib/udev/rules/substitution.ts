/** Longest name in braces (UDEV_PATH_SIZE). */
const PATH_SIZE = 1024;

/** In the order in which udevd tries the names: `$sysfs` before `$sys`. */
const NAMES = [
  ['devnode', 'N'],
  ['tempnode', 'N'],
  ['attr', 's'],
  ['sysfs', 's'],
  ['env', 'E'],
  ['kernel', 'k'],
  ['number', 'n'],
  ['driver', 'd'],
  ['devpath', 'p'],
  ['id', 'b'],
  ['major', 'M'],
  ['minor', 'm'],
  ['result', 'c'],
  ['parent', 'P'],
  ['name', 'D'],
  ['links', 'L'],
  ['root', 'r'],
  ['sys', 'S'],
] as const;

export type Substitution = Exclude<(typeof NAMES)[number][0], 'tempnode' | 'sysfs'>;

/** Text as it stands, or something that the device fills in. */
export type Piece = string | {readonly type: Substitution; readonly attr: string};

const types = new Map<string, Substitution>(
  NAMES.flatMap(([name, letter]) => {
    const type = name === 'tempnode' ? 'devnode' : name === 'sysfs' ? 'attr' : name;
    return [
      [`$${name}`, type],
      [`%${letter}`, type],
    ];
  }),
);

/** What stands at an offset: a substitution and where it ends, `$$` or `%%`, or a fault. */
function at(
  text: string,
  i: number,
): {type: Substitution; attr: string; end: number} | {literal: string; end: number} | 'unknown' | 'brace' {
  const sign = text[i];
  if (text[i + 1] === sign) return {literal: sign ?? '', end: i + 2};
  const name = sign === '$' ? NAMES.find(([one]) => text.startsWith(one, i + 1))?.[0] : text[i + 1];
  const type = types.get(`${sign}${name}`);
  if (name === undefined || type === undefined) return 'unknown';
  const q = i + 1 + name.length;
  if (text[q] !== '{') return {type, attr: '', end: q};
  const close = text.indexOf('}', q);
  const attr = text.slice(q + 1, close);
  return close < 0 || attr === '' || attr.length >= PATH_SIZE ? 'brace' : {type, attr, end: close + 1};
}

/**
 * The first fault of a value's substitutions; udevd says so when it reads the rule, and applies the rule nevertheless.
 */
export function substitutionFault(text: string): {readonly at: number; readonly says: string} | undefined {
  for (const sign = /[$%]/g; ;) {
    const found = sign.exec(text);
    if (!found) return undefined;
    const one = at(text, found.index);
    if (one === 'unknown')
      return {
        at: found.index,
        says:
          `"${text.slice(found.index, found.index + 12)}" is no substitution; a "${found[0]}" itself is ` +
          `written "${found[0]}${found[0]}"`,
      };
    if (one === 'brace') return {at: found.index, says: 'its braces are not closed, empty or too long'};
    if ('type' in one) {
      if ((one.type === 'attr' || one.type === 'env') && one.attr === '')
        return {at: found.index, says: `$${one.type} needs a name in braces`};
      if (one.type === 'result' && one.attr !== '' && !isUnsigned(one.attr.replace(/\+$/, ''))) {
        return {at: found.index, says: 'the part of a result is a number, or a number and "+"'};
      }
    }
    sign.lastIndex = one.end;
  }
}

/** safe_atou(): any base that C knows, white space in front, a sign. */
function isUnsigned(text: string): boolean {
  // "-0" is nothing anybody writes
  const digits = /^[ \t\n\r]*\+?(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9]\d*)$/.exec(text)?.[1];
  return digits !== undefined && Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits) <= 0xffff_ffff;
}

/** A value in pieces, as udevd applies it: what is no substitution stays as it is. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let plain = '';
  for (let i = 0; i < text.length;) {
    const one = text[i] === '$' || text[i] === '%' ? at(text, i) : 'unknown';
    if (one === 'brace') return [...found, ...(plain + text.slice(i) === '' ? [] : [plain + text.slice(i)])];
    if (one === 'unknown') {
      plain += text[i] ?? '';
      i += 1;
      continue;
    }
    i = one.end;
    if ('literal' in one) plain += one.literal;
    else {
      if (plain !== '') found.push(plain);
      plain = '';
      found.push({type: one.type, attr: one.attr});
    }
  }
  return plain === '' ? found : [...found, plain];
}
