import test from 'ava';
import {mayWrite} from './scripts.ts';

for (const [script, subjects] of [
  ['echo online >/sys/devices/system/memory/auto_online_blocks', ['policy']],
  ['cat /sys/devices/system/memory/auto_online_blocks', []],
  ['cd /sys/devices/system/memory; grep -q offline auto_online_blocks && echo it is', []],
  ['read -r was </sys/devices/system/memory/auto_online_blocks', []],
  // the variable could be anything there
  ['f=/sys/devices/system/memory/auto_online_blocks; echo online >$f', ['policy', 'states']],
  ['printf online | tee /sys/devices/system/memory/auto_online_blocks', ['policy']],
  [
    'for b in memory32 memory33; do echo online_movable >/sys/devices/system/memory/$b/state || echo "$b ' +
      'refused" >&2; done',
    ['states'],
  ],
  // what is done with the variable can't be seen
  ['for b in /sys/devices/system/memory/memory*/state; do cat $b; done', ['states']],
  ['until [ "$(cat memory33/state)" = offline ]; do :; done', []],
  ['echo 1 >memory33/online', ['states']],
  ['echo 1 >/sys/devices/system/cpu/cpu1/online', []],
  ['grep -l offline memory*/state', []],
  ['sed -i s/a/b/ memory33/state', ['states']],
  ['cat memory33/state; echo offline > memory33/state', ['states']],
  ['cd /sys/module/memory_hotplug/parameters && for f in *; do echo "$f $(cat "$f")"; done', []],
  ['echo auto-movable >online_policy', ['zone policy']],
  ['stat -c %a /sys/module/memory_hotplug/parameters/auto_movable_ratio', []],
  ['perl -e "open F, q(>), q(/sys/devices/system/memory/memory33/state)"', ['states']],
  ['bash -c "echo online > /sys/devices/system/memory/memory33/state"', ['states']],
  ['cd /sys/module/memory_hotplug/parameters; for f in *; do echo 0 >$f; done', ['zone policy']],
  ['cd /sys/devices/system/memory; f=auto; echo online >"${f}_online_blocks"', ['policy', 'states']],
  ['systemd-tmpfiles --create /etc/tmpfiles.d/x.conf', ['policy']],
  ['mkdir /run/x && head -c 5 /dev/urandom >/run/x/data', []],
] as const) {
  test(`${script.slice(0, 90)}: ${subjects.join(' ') || 'nothing'}`, (t) => {
    t.deepEqual(mayWrite(script), [...subjects]);
  });
}
