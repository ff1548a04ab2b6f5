import test from 'ava';
import {parseRules} from '../rules/parse.ts';
import {predict} from '../predict/predict.ts';

const GUEST = {virt: 'kvm', arch: 'x86-64', policy: 'offline', systemd: 252, kernel: '6.1.0'} as const;
const S = '/sys/devices/system/memory/memory40';

/**
 * What a script that RUN starts makes of a plugged block: the zone that it is onlined to, or `offline`; several where
 * it depends.
 */
function madeBy(script: string): string {
  const value = `/bin/sh -c '${script.replaceAll('$', '$$$$').replaceAll('%', '%%')}'`;
  const rule = `SUBSYSTEM=="memory", ACTION=="add", RUN+="${value.replaceAll('"', '\\"')}"`;
  const {outcomes} = predict([parseRules('a.rules', Buffer.from(rule))], GUEST, {kind: 'plug', block: 40});
  return outcomes
    .map(({state, zone}) => (state === 'offline' ? state : zone))
    .sort()
    .join(' ');
}

const table: readonly [script: string, made: string][] = [
  [`echo online > ${S}/state`, 'default'],
  [`echo -n online_kernel >${S}/state`, 'kernel'],
  [`printf "%s\\n" online_movable >> ${S}/state`, 'Movable'],
  [`echo online_movable > "${S}/state" 2>/dev/null`, 'Movable'],
  [`echo online # > ${S}/state`, 'offline'],
  [`echo "online > ${S}/state"`, 'offline'],
  ['echo online_movable > /sys$DEVPATH/state', 'Movable'],
  [`w=online; w="\${w}_movable"; echo $w > ${S}/state`, 'Movable'],
  [`p=${S}; echo online > /sys/devices/system/memory/\${p##*/}/state`, 'default'],
  [`echo $(echo online_kernel) > ${S}/state`, 'kernel'],
  [`echo \`uname -m\` > ${S}/state; echo online > ${S}/state`, 'default'],
  [`if [ -e ${S}/state ] && ! grep -q online ${S}/state; then echo online > ${S}/state; else exit 1; fi`, 'default'],
  [`[ "$(cat ${S}/state)" != offline ] || echo 1 > ${S}/online`, 'default'],
  [`case $ACTION in remove) exit;; add|change) echo online_movable;; esac > ${S}/state`, 'Movable'],
  [`exit 0; echo online > ${S}/state`, 'offline'],
  [`false && echo online > ${S}/state`, 'offline'],
  [`false; (cd ${S}; echo online_movable >state)`, 'Movable'],
  [`for b in /sys/devices/system/memory/memory[0-9]*; do [ -d $b ] && echo online > $b/state; done`, 'default'],
  [`for b in 40 41; do { echo online_kernel > /sys/devices/system/memory/memory$b/state; } & done; wait`, 'kernel'],
  [`cat ${S}/state | while read s; do [ $s = offline ] && echo online_movable > ${S}/state; done`, 'Movable'],
  [`while read s; do test "$s" = online && echo online > ${S}/state; done < ${S}/state`, 'offline'],
  [`sh -c "echo online_movable > ${S}/state"`, 'Movable'],
  [`echo online | tee ${S}/state >/dev/null`, 'default'],
  [`echo online > /tmp/state`, 'offline'],
  [`if systemd-detect-virt -q; then echo online > ${S}/state; else echo online_movable > ${S}/state; fi`, 'default'],
  [`test -f /etc/movable && echo online_movable > ${S}/state`, 'Movable offline'],
  [`f() { echo online > ${S}/state; }; f`, 'Movable default kernel offline'],
  [`. /etc/memory.conf; echo $ZONE > ${S}/state`, 'Movable default kernel offline'],
];

for (const [script, made] of table) {
  test(`${script}: ${made}`, (t) => {
    t.is(madeBy(script), made);
  });
}
