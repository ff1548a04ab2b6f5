import test from 'ava';
import {parseUdevLog} from './log.ts';

const journal = (...messages: string[]): string =>
  messages.map((MESSAGE) => `${JSON.stringify({_PID: '365', MESSAGE, _BOOT_ID: 'x'})}\n`).join('');

const read = test.macro({
  exec: (t, message: string, rule: string, word: string | undefined) => {
    t.deepEqual(parseUdevLog(journal(message)), [{pid: 365, block: 'memory32', rule, word}]);
  },
  title: (version = '') => `a write as systemd ${version} logs it`,
});

test(
  '239',
  read,
  "ATTR '/sys/devices/system/memory/memory32/state' writing 'online' /usr/lib/udev/rules.d/40-redhat.rules:12",
  '/usr/lib/udev/rules.d/40-redhat.rules:12',
  'online',
);
test(
  '247 to 252',
  read,
  "memory32: /etc/udev/rules.d/40-x.rules:1 ATTR '/sys/devices/system/memory/memory32/state' writing 'online_movable'",
  '/etc/udev/rules.d/40-x.rules:1',
  'online_movable',
);
test(
  '257',
  read,
  'memory32: /etc/udev/rules.d/40-x.rules:1 Writing ' +
    'ATTR{\'/sys/devices/system/memory/memory32/state\'}="online_movable".',
  '/etc/udev/rules.d/40-x.rules:1',
  'online_movable',
);
test(
  '262',
  read,
  'memory32: /etc/udev/rules.d/40-x.rules:2 ATTR{state}="online": Writing "online" to sysfs attribute "state".',
  '/etc/udev/rules.d/40-x.rules:2',
  'online',
);
test(
  '247 with a program',
  read,
  "memory32: /etc/udev/rules.d/40-x.rules:2 RUN '/bin/sh -c 'echo 1 >/sys/online''",
  '/etc/udev/rules.d/40-x.rules:2',
  undefined,
);
test(
  '262 with a program',
  read,
  "memory32: /etc/udev/rules.d/40-x.rules:2 RUN+=\"/bin/sh -c 'echo 1'\": Set command: /bin/sh -c 'echo 1'",
  '/etc/udev/rules.d/40-x.rules:2',
  undefined,
);

test('failed writes are no second writes, and other rules and devices are none', (t) => {
  t.deepEqual(
    parseUdevLog(
      journal(
        'memory32: /etc/udev/rules.d/40-x.rules:2 Failed to write ' +
          'ATTR{/sys/devices/system/memory/memory32/state}, ignoring: Invalid argument',
        'memory32: /etc/udev/rules.d/40-x.rules:2 ATTR{state}="online": Failed to write "online" to sysfs ' +
          'attribute "state", ignoring: Invalid argument',
        "memory32: /etc/udev/rules.d/40-x.rules:1 Running PROGRAM '/bin/true x'",
        "vda: /etc/udev/rules.d/40-x.rules:1 ATTR '/sys/block/vda/queue/rotational' writing '0'",
      ),
    ),
    [],
  );
});

test('a message that is no text', (t) => {
  const bytes = [
    ...Buffer.from(
      "memory32: /etc/udev/rules.d/4\u0001.rules:1 ATTR '/sys/devices/system/memory/memory32/state' writing 'online'",
    ),
  ];
  t.is(parseUdevLog(JSON.stringify({_PID: '7', MESSAGE: bytes}))[0]?.rule, '/etc/udev/rules.d/4\u0001.rules:1');
});

test('what is no journal is no verdict', (t) => {
  t.throws(() => parseUdevLog('nonsense'), {message: /not a line of the journal/});
});
