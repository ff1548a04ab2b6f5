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
export const portArgs = (virtio: 'pci' | 'ccw'): string[] => [
  ...socket('work'),
  ...socket('watch'),
  '-device',
  `virtio-serial-${virtio}`,
  '-device',
  'virtserialport,chardev=work,name=memhp.0',
  '-device',
  'virtserialport,chardev=watch,name=memhp.1',
];

/** The same on two more serial lines: `lines` are QEMU's arguments for each, with chardevs of these names. */
export const serialPortArgs = (lines: {work: readonly string[]; watch: readonly string[]}): string[] => [
  ...socket('serialwork'),
  ...lines.work,
  ...socket('serialwatch'),
  ...lines.watch,
];
