import test from 'ava';
import {parseTrace} from '../../lib/conformance/udev/trace.ts';
import {explainCalls} from './calls.ts';
import {parseDeeds} from './deeds.ts';

const journal = (pid: number, ...messages: string[]): string[] =>
  messages.map((MESSAGE) => JSON.stringify({_PID: String(pid), MESSAGE: `memory46: ${MESSAGE}`}));
const R = '/etc/udev/rules.d/60-x.rules';
const ADD = 'Processing device (SEQNUM=1, ACTION=add)';

const wording = test.macro({
  exec: (t, wrote: string, failed: string) => {
    const [deed, ...others] = parseDeeds(journal(7, ADD, `${R}:1 ${wrote}`, `${R}:1 ${failed}`));
    t.deepEqual(others, []);
    t.deepEqual(deed, {
      pid: 7,
      device: 'memory46',
      action: 'add',
      rule: `${R}:1`,
      how: 'rule',
      block: 'memory46',
      file: 'state',
      word: 'online',
      errno: 'EINVAL',
    });
  },
  title: (version = '') => `a write that is refused, as systemd ${version} logs it`,
});

test(
  '247 to 252',
  wording,
  "ATTR '/sys/devices/system/memory/memory46/state' writing 'online'",
  'Failed to write ATTR{/sys/devices/system/memory/memory46/state}, ignoring: Invalid argument',
);
test(
  '257',
  wording,
  'Writing ATTR{\'/sys/devices/system/memory/memory46/state\'}="online".',
  'Failed to write ATTR{/sys/devices/system/memory/memory46/state}="online", ignoring: Invalid argument',
);
test(
  '262',
  wording,
  'ATTR{state}="$env{.word}": Writing "online" to sysfs attribute "state".',
  'ATTR{state}="$env{.word}": Failed to write "online" to sysfs attribute "state", ignoring: Invalid argument',
);

/** A PROGRAM, two RUN and a builtin between them, of which `RUN=` has dropped the first ones. */
const log = journal(
  7,
  'Processing device (SEQNUM=1, ACTION=add, UUID=2d1c11ee)',
  `${R}:1 Running PROGRAM="/bin/true"`,
  "Starting '/bin/true'",
  "Process '/bin/true' succeeded.",
  `${R}:2 RUN '/bin/dropped'`,
  `${R}:3 RUN '/bin/sh -c 'echo online > /sys$devpath/state''`,
  `${R}:4 RUN 'kmod load x'`,
  `${R}:5 RUN '/bin/echo'`,
  'Running command "/bin/sh -c \'echo online > /sys/devices/system/memory/memory46/state\'"',
  "Starting '/bin/sh -c 'echo online > /sys/devices/system/memory/memory46/state''",
  'Running built-in command "kmod load x"',
  'Running command "/bin/echo"',
  "Starting '/bin/echo'",
  'Device processed (SEQNUM=1, ACTION=add)',
);

test('programs belong to the rule that had them run', (t) => {
  t.deepEqual(
    parseDeeds(log).map(({rule, how}) => [rule, how]),
    [
      [`${R}:1`, 'program'],
      [`${R}:3`, 'program'],
      [`${R}:5`, 'program'],
    ],
  );
});

const fork = (parent: number, child: number, at: number): string =>
  `   (udev-worker)-${parent}  [000] .....    ${at}.0: sched_process_fork: comm=(udev-worker) pid=${parent} ` +
  `child_comm=(udev-worker) child_pid=${child}\n`;
const call = (pid: number, at: number, file: string, result: number, what = 'online'): string =>
  `   x-${pid}  [000] .....    ${at}.0: ${what}: (device_${what}+0x0/0x80) name="memory46"\n   x-${pid}  ` +
  `[000] .....    ${at}.5: ${what}d: (${file}_store+0x93/0xa0 <- device_${what}) ret=${result}\n`;
const UDEVD = '5 (systemd-udevd) S 1 5 5\n';
const traceOf = (text: string) => parseTrace(UDEVD, `@lost\n@trace\n${fork(5, 7, 1)}${text}`);

test('a call belongs to the program whose process it is, whichever was started when', (t) => {
  const explained = explainCalls(
    traceOf(
      fork(7, 20, 2) +
        fork(7, 21, 3) +
        fork(21, 30, 4) +
        call(30, 5, 'state', 0) +
        fork(7, 22, 6) +
        call(22, 7, 'state', 1),
    ),
    parseDeeds(log),
    '6.12',
  );
  t.deepEqual(
    explained.map(({deed}) => deed?.rule),
    [`${R}:3`, `${R}:5`],
  );
});

test("a worker's own calls are its writes, one for one, without those that the kernel did not know", (t) => {
  const deeds = parseDeeds(
    journal(
      7,
      ADD,
      ...['nonsense', 'online', 'offline', 'online_movable'].map(
        (word, i) => `${R}:${i + 1} ATTR '/sys/devices/system/memory/memory46/state' writing '${word}'`,
      ),
    ),
  );
  const explained = explainCalls(
    traceOf(call(7, 2, 'state', 0) + call(7, 3, 'state', 0, 'offline') + call(7, 4, 'state', 0)),
    deeds,
    '6.12',
  );
  t.deepEqual(
    explained.map(({deed}) => deed?.rule),
    [`${R}:2`, `${R}:3`, `${R}:4`],
  );
});

test('a log and a trace that do not fit together are no verdict', (t) => {
  t.throws(() => explainCalls(traceOf(fork(7, 20, 2)), parseDeeds(log), '6.12'), {
    message: /has logged 3 programs, and started 1/,
  });
  t.throws(() => explainCalls(traceOf(call(7, 2, 'state', 0)), [], '6.12'), {
    message: /udevd's log names no rule for it/,
  });
});
