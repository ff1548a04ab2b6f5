/** Directory of the memory blocks in the guest. */
export const SYSFS_MEMORY = '/sys/devices/system/memory';

/**
 * Directory of the memory_hotplug module's parameters in the guest; absent before 5.13, where the first of them came.
 */
export const PARAMETERS = '/sys/module/memory_hotplug/parameters';
