/**
 * Shell functions that the guest keeps ready: one call reads everything that an observation needs, in one
 * round trip. Only three programs are started, because each costs more than all of the reading: head and stat,
 * which share their code, and dmesg. (grep -H '' would label each line, and takes half as long again.)
 */
export const observeLibrary = `
# Everything readable about memory: files, each below its name; links; and the kernel's new messages.
memhp_observe() {
  cd /sys/devices/system || return 9
  head -v -c 99999999 /proc/meminfo /proc/zoneinfo /proc/iomem /proc/stat memory/auto_online_blocks memory/block_size_bytes \\
    memory/memory[0-9]*/state memory/memory[0-9]*/online memory/memory[0-9]*/valid_zones memory/memory[0-9]*/removable \\
    memory/memory[0-9]*/phys_index memory/memory[0-9]*/phys_device \\
    node/possible node/online node/has_memory node/has_normal_memory node/node[0-9]*/meminfo 2>/dev/null
  echo '@links'
  stat -c %N node/node[0-9]*/memory[0-9]* memory/memory[0-9]*/node[0-9]* 2>/dev/null
  echo '@kernel-log'
  dmesg -c
  echo '@end'
}
# The state of the blocks alone, without the files that wait for a block's lock: safe while a block goes offline.
memhp_states() {
  cd /sys/devices/system/memory && grep -sH '' memory[0-9]*/state
}`;
