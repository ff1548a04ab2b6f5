export type Level = 'error' | 'warning' | 'info';

/** Everything that the lint can find: its level and what it is, in a line. docs/udev-lint.md explains each. */
export const findings = {
  'syntax/token': ['error', 'not KEY OPERATOR "value": udevd drops the whole rule'],
  'syntax/unbalanced-quote': ['error', 'a value whose closing quote is missing: udevd drops the whole rule'],
  'syntax/command-quote': ['warning', 'a command whose own quotes are not closed'],
  'syntax/unknown-key': ['error', 'a key that udevd does not know: it drops the whole rule'],
  'syntax/operator': ['error', 'an operator that the key does not take: udevd drops the whole rule'],
  'syntax/assumed-operator': ['warning', 'an operator that udevd takes for "="'],
  'syntax/braces': [
    'error',
    'braces that the key needs, does not take, or with a name that it does not know: udevd drops the whole rule',
  ],
  'syntax/value': ['error', 'a value that the key does not take'],
  'syntax/substitution': ['error', 'a $ or % that is no substitution'],
  'syntax/newer-udev': ['info', 'something that only newer udevds know'],
  'syntax/options': ['warning', 'an option that udevd does not know and ignores'],
  'syntax/goto': ['error', 'a GOTO without its LABEL further down in the same file'],
  'syntax/label-twice': ['info', 'the same LABEL twice in a file: a GOTO goes to the next one'],
  'syntax/jump-twice': ['warning', 'two GOTO or two LABEL in one rule: one of them is ignored'],
  'syntax/no-effect': ['warning', 'a rule that assigns nothing and jumps nowhere'],
  'syntax/conflict': ['error', 'matches of one rule that can never hold together'],
  'syntax/duplicate': ['warning', 'the same expression twice in one rule'],
  'syntax/result-order': ['warning', 'a RESULT before its PROGRAM: udevd runs PROGRAM first all the same'],
  'syntax/deprecated': ['warning', 'a name that may be gone in another kernel'],
  'syntax/line-too-long': ['error', 'a line or a rule longer than udevd reads'],
  'syntax/unfinished': ['error', 'a rule that ends with "\\" at the end of the file: udevd drops it'],
  'syntax/style': ['info', 'commas and spaces as udevadm verify does not like them'],
  'syntax/unused-label': ['info', 'a LABEL that no GOTO goes to'],
  'file/binary': ['warning', 'NUL bytes in the file: udevd takes each for the end of a line'],
  'file/encoding': ['info', 'text that is not UTF-8'],
  'file/crlf': ['warning', 'lines that end with CR: old udevd take it for a part of the rule'],
  'file/unreadable': ['error', 'a file that can not be read, or is too large to be rules'],
  'file/too-many-findings': ['warning', 'more findings in a file than are listed'],
  'file/too-many-rules': ['warning', 'more rules than the lint follows to their effect'],
  'memory/non-movable': ['warning', 'plugged memory goes online where it may never be unplugged again'],
  'memory/order-trap': ['info', 'online_movable by udev: kernels before 4.13 take it for some blocks only'],
  'memory/unconditional': ['warning', 'a write to state that does not look at the state first'],
  'memory/undoes-offline': ['error', 'a block that an administrator sets offline comes back online'],
  'memory/any-action': ['warning', 'blocks that were left offline go online when somebody triggers events'],
  'memory/no-virt-guard': ['info', 'the same for virtual machines and bare metal'],
  'memory/no-arch-guard': ['warning', 'onlines on s390x too, where memory is offline because it is held in reserve'],
  'memory/goto-both-differ': ['error', 'a GOTO that jumps only if both differ, where either was meant'],
  'memory/double-online': ['warning', 'two rules that online the same block'],
  'memory/kernel-first': ['info', 'where the kernel onlines by itself, the rule comes too late'],
  'memory/ignores-policy': ['warning', 'onlines although auto_online_blocks is offline'],
  'memory/state-word': ['error', 'a word that the kernel does not take for a state'],
  'memory/state-match': ['warning', 'a comparison with a state that no block ever has'],
  'memory/offlines': ['error', 'takes memory offline'],
  'memory/run-writes-state': ['warning', 'a program that is run to write what the rule could write itself'],
  'memory/some-blocks': ['warning', 'fires for some blocks and not for others'],
  'memory/other-devices': ['error', 'writes to the state of devices that are no memory blocks, too'],
  'memory/never': ['warning', 'a write to state that no guest which was asked about gets to'],
  'memory/never-acts': ['warning', 'a write that always comes too late, or is always refused'],
  'memory/zone-lost': ['warning', 'a zone written into the file online, which is a switch'],
  'memory/no-shell': ['error', 'signs of a shell in a command that is started without one'],
  'memory/no-path': ['error', 'a program without a path, which udevd looks for in its own directory alone'],
  'memory/may-write': ['info', 'a program or a unit that may write to the state: what it does is not known'],
  'memory/other-subsystem': ['info', 'a rule for other devices that writes to memory blocks'],
  'memory/sets-policy': ['info', "a rule that sets the kernel's own policy, and so what becomes of later blocks"],
  'memory/detect-virt': ['warning', 'systemd-detect-virt fails on bare metal, and the rule with it'],
  'tree/masked': ['info', 'a file that an empty one or a link to /dev/null of the same name switches off'],
  'tree/shadowed': ['info', 'a file that one of the same name replaces as a whole'],
  'tree/disabled': ['info', 'a copy that leaves memory alone, of a file that does not'],
  'tree/stale-copy': ['warning', 'a copy that lacks rules of the file that it replaces'],
  'tree/needless-copy': ['info', 'a copy that says the same as the file that it replaces'],
  'tree/override-lost': ['error', 'a rule that was switched off in a copy, and is on in another file'],
  'tree/vendor-edited': [
    'warning',
    "a rule that was switched off in the distribution's own file: the next upgrade brings it back",
  ],
  'tree/not-read': ['info', 'a file that udevd does not read, as its name does not end in .rules'],
} as const satisfies Record<string, readonly [Level, string]>;

export type FindingId = keyof typeof findings;

/** One finding: a place, what is wrong there, and what to do. */
export interface Finding {
  readonly id: FindingId;
  readonly level: Level;
  readonly file: string;
  readonly line: number;
  /** In characters, from 1. */
  readonly col: number;
  readonly message: string;
  readonly fix: string;
}

/** Where the finding comes from: a place in a file. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

export const finding = (
  id: FindingId,
  {file, line, col}: Place,
  message: string,
  fix: string,
  level: Level = findings[id][0],
): Finding => ({id, level, file, line, col, message, fix});
