const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
  s: ' ',
};

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|([\s\S]))/g;

/**
 * C escapes as in `e""`, of bytes kept as characters; nothing where udevd refuses one (unknown, NUL, no code point).
 */
export function unescapeC(text: string): string | undefined {
  let refused = 0;
  const result = text.replaceAll(
    ESCAPE,
    (_all, hex?: string, short?: string, long?: string, octal?: string, other?: string) => {
      const code = hex ?? short ?? long;
      const number = octal === undefined ? Number.parseInt(code ?? '', 16) : Number.parseInt(octal, 8);
      if (other !== undefined) {
        if (SIMPLE[other] === undefined) refused += 1;
        return SIMPLE[other] ?? '';
      }
      if (number === 0) refused += 1;
      if (hex !== undefined || octal !== undefined) {
        if (number > 255) refused += 1;
        return String.fromCharCode(number & 255);
      }
      // Old systemd writes a surrogate of \u as if it were a character, new ones refuse it.
      if (long === undefined ? (number & 0xf800) === 0xd800 : !isCodePoint(number)) refused += 1;
      return refused > 0 ? '' : utf8(number);
    },
  );
  return refused > 0 ? undefined : result;
}

/** systemd's unichar_is_valid: no surrogates, no noncharacters. */
const isCodePoint = (c: number): boolean =>
  c < 0x11_00_00 && (c & 0xff_ff_f8_00) !== 0xd800 && (c < 0xfdd0 || c > 0xfdef) && (c & 0xfffe) !== 0xfffe;

/** UTF-8 of a code point, one character a byte. */
function utf8(c: number): string {
  if (c < 0x80) return String.fromCharCode(c);
  const tail = (shift: number): number => 0x80 | ((c >> shift) & 0x3f);
  if (c < 0x800) return String.fromCharCode(0xc0 | (c >> 6), tail(0));
  if (c < 0x1_00_00) return String.fromCharCode(0xe0 | (c >> 12), tail(6), tail(0));
  return String.fromCharCode(0xf0 | (c >> 18), tail(12), tail(6), tail(0));
}
