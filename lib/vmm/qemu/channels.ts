/** QEMU's inherited descriptors, in the order of its stdio. */
export const CHANNELS = ['monitor', 'serial', 'work', 'watch', 'serialwork', 'serialwatch'] as const;
export type Channel = (typeof CHANNELS)[number];

const FIRST_FD = 3;
/** Where the frozen device state is read from. */
export const STATE_FD = FIRST_FD + CHANNELS.length;
/** A directory of the host where a guest's memory backends may have files. */
export const FILES_FD = STATE_FD + 1;

const socket = (name: Channel): string[] => ['-chardev', `socket,id=${name},fd=${FIRST_FD + CHANNELS.indexOf(name)}`];

/** The monitor and the serial console. */
export const consoleArgs = (): string[] => [
  ...socket('monitor'),
  '-mon',
  'chardev=monitor,mode=control',
  ...socket('serial'),
  '-serial',
  'chardev:serial',
];

/** Two shell ports: one to work, one to watch. */
export const portArgs = (): string[] => [
  ...socket('work'),
  ...socket('watch'),
  '-device',
  'virtio-serial-pci',
  '-device',
  'virtserialport,chardev=work,name=memhp.0',
  '-device',
  'virtserialport,chardev=watch,name=memhp.1',
];

/** The same on ttyS1 and ttyS2, for a kernel that has virtio only in modules and was given none. */
export const serialPortArgs = (): string[] => [
  ...socket('serialwork'),
  '-serial',
  'chardev:serialwork',
  // By default the third line shares its interrupt with the console, and on ISA only one of them is then heard;
  // 5, 9, 10 and 11 are taken for level-triggered ones by QEMU's MADT, which this one isn't.
  ...socket('serialwatch'),
  '-device',
  'isa-serial,chardev=serialwatch,index=2,irq=7',
];
