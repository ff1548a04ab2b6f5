/**
 * The policy that a kernel was built with. MEMORY_HOTPLUG_DEFAULT_ONLINE became the choice
 * MHP_DEFAULT_ONLINE_TYPE in 6.14, and in stable branches later (6.12.110): so ask for both.
 */
export function configPolicy(config: Readonly<Record<string, string>>): string {
  const type = /^CONFIG_MHP_DEFAULT_ONLINE_TYPE_(\w+)$/;
  const chosen = Object.keys(config)
    .find((name) => type.test(name) && config[name] === 'y')
    ?.replace(type, '$1');
  const names: Readonly<Record<string, string>> = {
    OFFLINE: 'offline',
    ONLINE_AUTO: 'online',
    ONLINE_KERNEL: 'online_kernel',
    ONLINE_MOVABLE: 'online_movable',
  };
  if (chosen !== undefined) return names[chosen] ?? chosen;
  return config['CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE'] === 'y' ? 'online' : 'offline';
}
