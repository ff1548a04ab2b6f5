import type {Operator} from './token.ts';

/** What udevd takes for a key: braces or not, which operators, and which of them it takes for `=`, with a warning. */
export interface KeySpec {
  readonly braces: 'none' | 'needed' | 'optional';
  readonly match: boolean;
  readonly assign: readonly Operator[];
  readonly assumed: readonly Operator[];
  /** Matches by its outcome: every operator but `!=` means "where it succeeds". */
  readonly runs?: boolean;
  /** The only names in braces, where not every name will do. */
  readonly names?: readonly string[];
  /** May not be empty. */
  readonly nonempty?: boolean;
  /** The device fills in `$` and `%` of the value. */
  readonly substitutes?: boolean;
}

const matchOnly: KeySpec = {braces: 'none', match: true, assign: [], assumed: []};
const final: KeySpec = {braces: 'none', match: false, assign: ['=', ':='], assumed: ['+='], substitutes: true};
const written: KeySpec = {braces: 'needed', match: true, assign: ['='], assumed: ['+=', ':='], substitutes: true};
const run: KeySpec = {
  braces: 'none',
  match: true,
  assign: ['=', '+=', ':='],
  assumed: [],
  runs: true,
  nonempty: true,
  substitutes: true,
};
const jump: KeySpec = {braces: 'none', match: false, assign: ['='], assumed: []};

/** All keys of rules, as udevd 247 to 262 takes them. */
export const keys = {
  ACTION: matchOnly,
  DEVPATH: matchOnly,
  KERNEL: matchOnly,
  SYMLINK: {braces: 'none', match: true, assign: ['=', '+=', '-=', ':='], assumed: [], substitutes: true},
  NAME: {braces: 'none', match: true, assign: ['=', ':='], assumed: ['+='], substitutes: true},
  ENV: {braces: 'needed', match: true, assign: ['=', '+='], assumed: [':='], substitutes: true},
  CONST: {...matchOnly, braces: 'needed', names: ['arch', 'virt', 'cvm']},
  TAG: {braces: 'none', match: true, assign: ['=', '+=', '-='], assumed: [':='], nonempty: true, substitutes: true},
  SUBSYSTEM: matchOnly,
  DRIVER: matchOnly,
  ATTR: written,
  SYSCTL: written,
  KERNELS: matchOnly,
  SUBSYSTEMS: matchOnly,
  DRIVERS: matchOnly,
  ATTRS: {...matchOnly, braces: 'needed'},
  TAGS: matchOnly,
  TEST: {...matchOnly, braces: 'optional', nonempty: true, substitutes: true},
  PROGRAM: run,
  IMPORT: {...run, braces: 'needed', names: ['file', 'program', 'builtin', 'db', 'cmdline', 'parent']},
  RESULT: matchOnly,
  OPTIONS: {braces: 'none', match: false, assign: ['=', '+=', ':='], assumed: []},
  OWNER: final,
  GROUP: final,
  MODE: final,
  SECLABEL: {braces: 'needed', match: false, assign: ['=', '+='], assumed: [':='], nonempty: true, substitutes: true},
  RUN: {
    braces: 'optional',
    match: false,
    assign: ['=', '+=', ':='],
    assumed: [],
    names: ['program', 'builtin'],
    nonempty: true,
    substitutes: true,
  },
  GOTO: jump,
  LABEL: jump,
} as const satisfies Record<string, KeySpec>;

export type Key = keyof typeof keys;

export const keySpec = (key: string): KeySpec | undefined => (Object.hasOwn(keys, key) ? keys[key as Key] : undefined);

/** Properties that the kernel sets and no rule may. */
export const kernelProperties: ReadonlySet<string> = new Set([
  'ACTION',
  'DEVLINKS',
  'DEVNAME',
  'DEVPATH',
  'DEVTYPE',
  'DRIVER',
  'IFINDEX',
  'MAJOR',
  'MINOR',
  'SEQNUM',
  'SUBSYSTEM',
  'TAGS',
]);

/** Commands of `RUN{builtin}` and `IMPORT{builtin}` (as of udev 257, with everything compiled in). */
const builtins: readonly string[] = [
  'blkid',
  'btrfs',
  'hwdb',
  'input_id',
  'keyboard',
  'kmod',
  'net_driver',
  'net_id',
  'net_setup_link',
  'path_id',
  'uaccess',
  'usb_id',
];

/** Those that udev 262 has and 257 has not. */
const newBuiltins: readonly string[] = ['dissect_image', 'factory_reset', 'tpm2_id'];

/**
 * Whether a command names a builtin. Old udevds compare only as much as is written, so that `path` and even nothing
 * `begins` one.
 */
export function builtinNamed(command: string): 'yes' | 'new' | 'begins' | 'no' {
  const word = /^[ \t\n\r]*([^ \t\n\r]*)/.exec(command)?.[1] ?? '';
  return builtins.includes(word)
    ? 'yes'
    : newBuiltins.includes(word)
      ? 'new'
      : builtins.some((name) => name.startsWith(word))
        ? 'begins'
        : 'no';
}

/**
 * The order in which udevd applies the tokens of a rule, wherever they stand in it: a match of a parent after all of
 * the device, PROGRAM after the attributes, RESULT after PROGRAM, and assignments last.
 */
export function rankOf(key: Key, op: Operator, attr: string | undefined, value: string): number {
  const match = op === '==' || op === '!=';
  if (match && key !== 'IMPORT') return ORDER.get(key) ?? -1;
  const name =
    key === 'IMPORT'
      ? `IMPORT{${attr === 'program' && builtinNamed(value) === 'yes' ? 'builtin' : (attr ?? '')}}`
      : key === 'RUN'
        ? `RUN{${attr ?? 'program'}}`
        : key === 'OPTIONS'
          ? `OPTIONS=${value.replace(/=.*/s, value.startsWith('string_escape') ? '$&' : '').replace('nowatch', 'watch')}`
          : key === 'PROGRAM'
            ? key
            : `${key}=${(key === 'OWNER' || key === 'GROUP' || key === 'MODE') && /^\d+$/.test(value) ? '#' : ''}`;
  return ORDER.get(name) ?? -1;
}

const ORDER: ReadonlyMap<string, number> = new Map(
  [
    'ACTION',
    'DEVPATH',
    'KERNEL',
    'SYMLINK',
    'NAME',
    'ENV',
    'CONST',
    'TAG',
    'SUBSYSTEM',
    'DRIVER',
    'ATTR',
    'SYSCTL',
    'KERNELS',
    'SUBSYSTEMS',
    'DRIVERS',
    'ATTRS',
    'TAGS',
    'TEST',
    'PROGRAM',
    'IMPORT{file}',
    'IMPORT{program}',
    'IMPORT{builtin}',
    'IMPORT{db}',
    'IMPORT{cmdline}',
    'IMPORT{parent}',
    'RESULT',
    'OPTIONS=dump',
    'OPTIONS=string_escape=none',
    'OPTIONS=string_escape=replace',
    'OPTIONS=db_persist',
    'OPTIONS=watch',
    'OPTIONS=link_priority',
    'OPTIONS=log_level',
    'OWNER=',
    'GROUP=',
    'MODE=',
    'OWNER=#',
    'GROUP=#',
    'MODE=#',
    'TAG=',
    'OPTIONS=static_node',
    'SECLABEL=',
    'ENV=',
    'NAME=',
    'SYMLINK=',
    'ATTR=',
    'SYSCTL=',
    'RUN{builtin}',
    'RUN{program}',
  ].map((name, i) => [name, i]),
);
