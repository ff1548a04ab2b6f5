/**
 * Shell functions that the guest keeps ready: one call reads everything that an observation needs, in one
 * round trip. A program that is started costs more than all of the reading, so there is one, head, wherever the shell holds the
 * kernel's log open (memhp_log, lib/shell/serve.ts); elsewhere dmesg is the second.
 * Links between blocks and nodes are listed by name, and something is read behind each that tells where it leads to.
 */
export const observeLibrary = `
# Everything readable about memory: files, each below its name; the kernel's new messages; and links.
memhp_observe() {
  cd /sys/devices/system || return 9
  set -- /proc/meminfo /proc/zoneinfo /proc/iomem /proc/stat memory/auto_online_blocks memory/block_size_bytes \\
    memory/memory[0-9]*/state memory/memory[0-9]*/online memory/memory[0-9]*/valid_zones memory/memory[0-9]*/removable \\
    memory/memory[0-9]*/phys_index memory/memory[0-9]*/phys_device \\
    node/possible node/online node/has_memory node/has_normal_memory node/node[0-9]*/meminfo node/node[0-9]*/distance \\
    memory/memory[0-9]*/node[0-9]*/distance node/node[0-9]*/memory[0-9]*/phys_index
  if [ "$memhp_log" ]; then
    # In between: what could not be read, and that the log has no more. Where messages were lost, a read fails, and the next one goes on behind them.
    head -v -c 99999999 "$@" - - - <&9 2>&1
  else
    head -v -c 99999999 "$@" 2>/dev/null
  fi
  echo '@links'
  printf '%s\\n' memory/memory[0-9]*/node[0-9]* node/node[0-9]*/memory[0-9]*
  echo "@kernel-log $memhp_log"
  [ "$memhp_log" ] || dmesg -c
  echo '@end'
}
# The state of the blocks alone, without the files that wait for a block's lock: safe while a block goes offline.
memhp_states() {
  cd /sys/devices/system/memory && grep -sH '' memory[0-9]*/state
}`;
