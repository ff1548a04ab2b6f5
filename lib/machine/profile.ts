import {gib, mib, type Bytes} from '../util/size.ts';
import {UsageError} from '../util/errors.ts';

/** The hardware a guest is booted on. */
export interface MachineProfile {
  readonly name: string;
  readonly title: string;
  readonly type: 'q35';
  /** Boot RAM, all nodes together. */
  readonly ram: Bytes;
  readonly slots: number;
  /** Upper limit of boot RAM and memory devices together. */
  readonly maxmem: Bytes;
  readonly cpus: number;
  /** DIMMs that are there at boot, in slot order. */
  readonly coldplug: readonly {readonly id: string; readonly size: Bytes}[];
}

const q35: MachineProfile = {
  name: 'q35',
  title: 'q35, 1 GiB of boot RAM, 8 empty slots, 9 GiB at most, one CPU',
  type: 'q35',
  ram: gib(1),
  slots: 8,
  maxmem: gib(9),
  cpus: 1,
  coldplug: [],
};

/** Every machine profile, by name. The first is the default. */
export const profiles: readonly MachineProfile[] = [
  q35,
  {
    ...q35,
    name: 'q35-coldplug',
    title: 'q35 with two DIMMs (512 MiB and 128 MiB) on the command line and two empty slots',
    slots: 4,
    maxmem: gib(3),
    coldplug: [
      {id: 'cold0', size: mib(512)},
      {id: 'cold1', size: mib(128)},
    ],
  },
];

export function profileByName(name: string): MachineProfile {
  const profile = profiles.find((one) => one.name === name);
  if (!profile) throw new UsageError(`no machine profile "${name}"; there are: ${profiles.map((one) => one.name).join(', ')}`);
  return profile;
}
