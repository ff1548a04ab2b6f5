import test from 'ava';
import {originOf, parseTasks, parseTrace, udevdStates} from './trace.ts';

const FIRST = `1 (systemd) S 0 1 1
2 (kthreadd) S 0 0 0
47 (kworker/u4:3-kacpi_hotplug) I 2 0
202 (systemd-udevd) S 1 202 202
345 (bash) S 1 345 345
`;

/** As Linux 6.1 printed it, with systemd 252. */
const TRACE = `            bash-345     [000] .....    68.211239: sched_process_fork: comm=bash pid=345 child_comm=bash child_pid=363
   systemd-udevd-202     [000] .....    68.330974: sched_process_fork: comm=systemd-udevd pid=202 child_comm=systemd-udevd child_pid=365
    kworker/u4:3-47      [000] .....    68.400000: created: (bus_probe_device+0x0/0xa0) name="memory32"
   (udev-worker)-365     [000] .....    68.397129: sched_process_fork: comm=(udev-worker) pid=365 child_comm=(udev-worker) child_pid=367
   (udev-worker)-365     [000] .....    68.469243: online: (device_online+0x0/0x80) name="memory32"
            bash-363     [000] .....    68.470000: online: (device_online+0x0/0x80) name="memory32"
   (udev-worker)-365     [000] .N...    68.489612: onlined: (state_store+0x93/0xa0 <- device_online) ret=0
            bash-363     [000] .....    68.490000: onlined: (online_store+0x93/0xa0 <- device_online) ret=1
              sh-367     [000] .....    68.500000: online: (device_online+0x0/0x80) name="memory32"
              sh-367     [000] .....    68.500001: onlined: (state_store.isra.0+0x93/0xa0 <- device_online) ret=-16
    kworker/u4:3-47      [000] .....    68.656716: online: (device_online+0x0/0x80) name="memory33"
    kworker/u4:3-47      [000] .N...    68.674996: onlined: (walk_memory_blocks+0x7a/0xb0 <- device_online) ret=0
            bash-345     [000] .....    68.700000: online: (device_online+0x0/0x80) name="cpu1"
            bash-345     [000] .....    68.700001: onlined: (online_store+0x93/0xa0 <- device_online) ret=0
`;

test('every attempt on a memory block: by whom, through which file, how it ended', (t) => {
  const {created, calls, tasks} = parseTrace(FIRST, `${FIRST}@lost\n@trace\n${TRACE}`);
  t.deepEqual([...created], [['memory32', 68.4]]);
  t.deepEqual(
    calls.map((call) => [call.block, call.task, call.file, call.result, originOf(call, tasks)]),
    [
      ['memory32', '(udev-worker)', 'state', 0, 'udev'],
      ['memory32', 'bash', 'online', 1, 'process'],
      ['memory32', 'sh', 'state', -16, 'udev'],
      ['memory33', 'kworker/u4:3', null, 0, 'kernel'],
    ],
  );
});

test("a task whose name has a line's end in it", (t) => {
  const {calls} = parseTrace(
    '',
    `@lost\n@trace\n            a\nb-345     [000] .....    1.0: online: (device_online+0x0/0x80) name="memory32"
            bash-3     [000] .....    1.5: sched_process_fork: comm=bash pid=3 child_comm=a\nb child_pid=9
            a\nb-345     [000] .....    2.0: onlined: (state_store+0x93/0xa0 <- device_online) ret=0\n`,
  );
  t.deepEqual(calls, [{block: 'memory32', task: 'a\nb', pid: 345, seconds: 2, file: 'state', result: 0}]);
});

test('the head of a trace, and counters of each processor that tell of no loss', (t) => {
  const {calls} = parseTrace(
    '',
    `@lost\noverrun: 0\ndropped events: 0\n@trace\n# tracer: nop\n#\n#           TASK-PID     CPU#  |||||  ` +
      `TIMESTAMP  FUNCTION\n#              | |         |   |||||     |         |\n${TRACE}`,
  );
  t.is(calls.length, 4);
});

test('a trace that lost something, or that is none, is no verdict', (t) => {
  t.throws(() => parseTrace('', `@lost\nentries: 3\noverrun: 12\n@trace\n`), {
    message: /trace is incomplete: overrun: 12/,
  });
  t.throws(() => parseTrace('', `@lost\n@trace\nnonsense\n`), {message: /not a line of the kernel's trace/});
});

test('how udevd is: running, stopped, not there; its workers are not udevd', (t) => {
  t.deepEqual(udevdStates(parseTasks(FIRST)), ['S']);
  t.deepEqual(udevdStates(parseTasks('1 (systemd) S 0 1\n178 (systemd-udevd) T 1 1\n312 (systemd-udevd) S 178 1\n')), [
    'T',
  ]);
  t.deepEqual(
    udevdStates(parseTasks('159 (systemd-udevd) S 1 159\n306 (systemd-udevd) S 1 306\n400 (systemd-udevd) Z 1 400\n')),
    ['S', 'S'],
  );
  t.deepEqual(udevdStates(parseTasks('1 (systemd) S 0 1\n')), []);
  t.is(parseTasks('77 (evil) name (x)) S 1 1\n').get(77)?.name, 'evil) name (x)');
});
