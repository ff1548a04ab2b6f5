import type {FindingId} from '../lint/finding.ts';
import {builtinNamed, kernelProperties, type KeySpec} from './keys.ts';
import {substitutionFault} from './substitution.ts';
import {isMatch, type Only, type UdevdLevel} from './rule.ts';
import type {RawToken} from './token.ts';

/** Something about one token that udevd minds. `fatal`: it drops the rule; `skip`: it leaves the token out. */
export interface TokenProblem {
  readonly id: FindingId;
  readonly at: number;
  readonly message: string;
  readonly fix: string;
  /** How loud udevd says so; undefined where it does not. */
  readonly udevd: UdevdLevel | undefined;
  readonly only?: Only;
  readonly then?: 'fatal' | 'skip';
}

const LOG_LEVELS = [
  'reset',
  'emerg',
  'alert',
  'crit',
  'err',
  'warning',
  'notice',
  'info',
  'debug',
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
];
const FLAGS = ['string_escape=none', 'string_escape=replace', 'db_persist', 'watch', 'nowatch'];

/** What is wrong with the value of a token whose key, braces and operator are right. */
export function* valueProblems(token: RawToken, spec: KeySpec): Generator<TokenProblem> {
  const {key, attr, value, at, valueAt, ignoreCase} = token;
  const fatal = (message: string, fix: string): TokenProblem => ({
    id: 'syntax/value',
    at: valueAt,
    message,
    fix,
    udevd: 'error',
    then: 'fatal',
  });
  if (!isMatch(token) || key === 'TEST' || spec.runs) yield* contents(token, spec);
  if (key === 'TEST' && attr && !isMode(attr))
    yield fatal(
      `"${attr}" is no mode: TEST takes octal digits in braces`,
      'give the bits to test for, e.g. TEST{0111}',
    );
  if (key === 'ENV' && !isMatch(token) && kernelProperties.has(attr ?? '')) {
    yield fatal(
      `the property ${attr} is the kernel's and can't be set`,
      'use a name of your own; one that begins with "." stays within udevd',
    );
  }
  if (key === 'NAME' && !isMatch(token) && (value === '%k' || value === ''))
    yield fatal(`NAME="${value}" has no effect`, 'remove it');
  if ((key === 'RUN' || key === 'IMPORT') && attr === 'builtin' && builtinNamed(value) !== 'yes') {
    const named = builtinNamed(value);
    const command = value.trim().split(' ')[0] ?? '';
    const only = named === 'begins' ? {only: 'new' as const} : {};
    if (named === 'new')
      yield newer(`udevd up to 257 has no builtin command "${command}", and drops the rule`, valueAt);
    else
      yield {
        ...fatal(`udevd has no builtin command "${command}"`, `use ${key}{program}, or one of udevd's builtins`),
        ...only,
      };
  }
  if (key === 'CONST' && attr === 'cvm')
    yield {
      id: 'syntax/newer-udev',
      at,
      message: 'udevd up to 257 does not know CONST{cvm}, and drops the rule',
      fix: 'fine with a newer udevd; else ask systemd-detect-virt --cvm with PROGRAM',
      udevd: 'error',
      only: 'old',
    };
  if (ignoreCase)
    yield {
      id: 'syntax/newer-udev',
      at: valueAt,
      message: 'udevd before 257 does not know i"", and drops the rule',
      fix: 'fine with a newer udevd; else write both cases, e.g. "[aA]"',
      udevd: undefined,
    };
  if (key === 'SUBSYSTEM' && (value === 'bus' || value === 'class')) {
    yield {
      id: 'syntax/deprecated',
      at: valueAt,
      message: `"${value}" is an old name of "subsystem"`,
      fix: 'write SUBSYSTEM=="subsystem"',
      udevd: 'warning',
    };
  }
  if (key === 'ATTRS') yield* parentPath(token);
  if (key === 'OPTIONS') yield* options(value, valueAt);
}

const newer = (message: string, at: number): TokenProblem => ({
  id: 'syntax/newer-udev',
  at,
  message,
  fix: 'fine with a newer udevd',
  udevd: 'error',
  only: 'old',
});

function* contents({key, value, valueAt}: RawToken, spec: KeySpec): Generator<TokenProblem> {
  if (!spec.substitutes && !spec.runs) return;
  const owner = key === 'OWNER' || key === 'GROUP';
  if (owner ? isId(value) : key === 'MODE' && isMode(value)) return;
  if (owner && /^\d+$/.test(value)) {
    yield {
      id: 'syntax/value',
      at: valueAt,
      message: `"${value}" is no number of a user or group, and no name`,
      fix: 'write the number without zeros in front',
      udevd: 'error',
      only: 'new',
    };
  }
  if (value === '' && (spec.nonempty || owner || key === 'MODE')) {
    yield {
      id: 'syntax/value',
      at: valueAt,
      message: `${key} has an empty value`,
      fix: 'give it one, or remove it',
      udevd: 'error',
    };
    return;
  }
  const fault = substitutionFault(value);
  if (fault)
    yield {
      id: 'syntax/substitution',
      at: valueAt + 1 + fault.at,
      message: `in the value of ${key}: ${fault.says}`,
      fix: 'correct the name, or double the sign',
      udevd: 'error',
    };
}

/** What stands in the braces of ATTR, ATTRS and SYSCTL may have substitutions too. */
export function* attributeProblems({key, attr, at}: RawToken): Generator<TokenProblem> {
  const fault = attr === undefined || !['ATTR', 'ATTRS', 'SYSCTL'].includes(key) ? undefined : substitutionFault(attr);
  if (fault)
    yield {
      id: 'syntax/substitution',
      at: at + key.length + 1 + fault.at,
      message: `in the braces of ${key}: ${fault.says}`,
      fix: 'correct the name, or double the sign',
      udevd: 'error',
    };
}

function* parentPath({attr = '', at}: RawToken): Generator<TokenProblem> {
  const deprecated = (message: string): TokenProblem => ({
    id: 'syntax/deprecated',
    at,
    message,
    fix: 'name the attribute alone: ATTRS looks at the parents by itself',
    udevd: 'warning',
  });
  if (attr.startsWith('device/')) yield deprecated("the link 'device' may be gone in another kernel");
  if (attr.includes('../')) yield deprecated('a path to the parent directory may be another one in another kernel');
}

function* options(value: string, at: number): Generator<TokenProblem> {
  const [, name = '', argument = ''] = /^(static_node|link_priority|log_level)=(.*)$/s.exec(value) ?? [];
  if (FLAGS.includes(value) || name === 'static_node') return;
  if (value === 'dump') {
    yield {
      id: 'syntax/newer-udev',
      at,
      message: 'udevd up to 257 does not know the option "dump", and ignores it',
      fix: 'fine with a newer udevd',
      udevd: 'warning',
      only: 'old',
    };
    return;
  }
  const fatal = (message: string, fix: string): TokenProblem => ({
    id: 'syntax/value',
    at,
    message,
    fix,
    udevd: 'error',
    then: 'fatal',
  });
  if (name === 'link_priority') {
    if (!isInt(argument)) yield fatal(`"${argument}" is no link priority`, 'give a whole number');
  } else if (name === 'log_level') {
    if (!LOG_LEVELS.includes(argument))
      yield fatal(
        `"${argument}" is no log level`,
        'give emerg, alert, crit, err, warning, notice, info, debug or reset',
      );
  } else
    yield {
      id: 'syntax/options',
      at,
      message: `udevd has no option "${value}"`,
      fix: 'remove it, or correct its name; each OPTIONS takes one option',
      udevd: 'warning',
      then: 'skip',
    };
}

/** parse_uid(): decimal, no zero in front, none of the two that mean "none". */
const isId = (text: string): boolean =>
  /^(0|[1-9]\d{0,9})$/.test(text) && Number(text) < 0xffff_ffff && Number(text) !== 0xffff;

/** parse_mode(): octal, at most 07777. */
const isMode = (text: string): boolean =>
  /^[ \t\n\r]*(0[oO])?[0-7]+$/.test(text) && Number.parseInt(text.replace(/^[ \t\n\r]*(0[oO])?/, ''), 8) <= 0o7777;

/** safe_atoi(): in any base that C knows. */
function isInt(text: string): boolean {
  const [, sign = '', digits] =
    /^[ \t\n\r]*([+-]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9]\d*)$/.exec(text) ?? [];
  if (digits === undefined) return false;
  const size = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? size <= 0x8000_0000 : size <= 0x7fff_ffff;
}
