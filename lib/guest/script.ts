import {shellQuote} from '../util/text.ts';
import {observer} from './observer.ts';

/**
 * Shell functions that the guest keeps ready: one call reads everything that an observation needs, in one round trip,
 * and prints it as `FILE:LINE`; below @links `LINK -> WHERE IT LEADS TO`; below @kernel-log the kernel's messages since
 * the call before. Where there is no perl, grep, ls and dmesg read the same.
 */
export const observeLibrary = `
# Everything readable about memory.
memhp_observe() {
  if ! command -v perl >/dev/null; then memhp_observe_without_perl
  elif [ "$memhp_serving" ]; then memhp_ask_looker
  else perl -e "$memhp_looker"; fi
}
memhp_looker=${shellQuote(observer)}
# The first call starts a process that reads for all later ones, and prints where this one does.
memhp_ask_looker() {
  if [ -z "$memhp_asks" ]; then
    memhp_asks=/run/memhp.look.$$
    mkdir -m 700 "$memhp_asks" && mkfifo "$memhp_asks/ask" "$memhp_asks/done" || return
    exec 8<>"$memhp_asks/ask" # never waits, and never ends the shell by a signal when nobody reads
    perl -e "$memhp_looker" "$memhp_asks" 2>/dev/null 8>&- &
    memhp_looking=$!
    exec 7<"$memhp_asks/done"
  fi
  echo >&8
  read -r memhp_done <&7 || memhp_done='the process that looks has ended'
  [ "$memhp_done" = ok ] || { echo "$memhp_done" >&2; return 1; }
}
memhp_observe_without_perl() {
  cd /sys/devices/system || return 9
  grep -saH '' /proc/meminfo /proc/zoneinfo /proc/iomem /proc/stat memory/auto_online_blocks memory/block_size_bytes \\
    memory/memory[0-9]*/state memory/memory[0-9]*/online memory/memory[0-9]*/valid_zones memory/memory[0-9]*/removable \\
    memory/memory[0-9]*/phys_index memory/memory[0-9]*/phys_device \\
    node/possible node/online node/has_memory node/has_normal_memory node/node[0-9]*/meminfo
  echo '@links'
  ls -ld memory/memory[0-9]*/node[0-9]* node/node[0-9]*/memory[0-9]* 2>/dev/null
  echo '@kernel-log'
  dmesg -c
  echo '@end'
}
# The state of the blocks alone, without the files that wait for a block's lock: safe while a block goes offline.
memhp_states() {
  cd /sys/devices/system/memory && for memhp_block in memory[0-9]*; do
    { read -r memhp_state <"$memhp_block/state"; } 2>/dev/null && echo "$memhp_block/state:$memhp_state"
  done
}`;
