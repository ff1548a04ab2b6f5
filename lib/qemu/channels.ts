/** QEMU's inherited descriptors: monitor, serial console, shell port 0, shell port 1. */
export const CHANNEL_FDS = [3, 4, 5, 6] as const;
/** Where the frozen device state is read from or written to. */
export const STATE_FD = 7;

const [MONITOR, SERIAL, WORK, WATCH] = CHANNEL_FDS;

/** The channels' part of the command line. `serialPorts`: shell over ttyS1/ttyS2 for kernels without virtio. */
export function channelArgs(): string[] {
  return [
    '-chardev', `socket,id=monitor,fd=${MONITOR}`, '-mon', 'chardev=monitor,mode=control',
    '-chardev', `socket,id=serial,fd=${SERIAL}`, '-serial', 'chardev:serial',
    '-chardev', `socket,id=work,fd=${WORK}`,
    '-chardev', `socket,id=watch,fd=${WATCH}`,
  ];
}

/** Where the shell ports appear in the guest. */
export type PortKind = 'virtio' | 'isa';

export const portArgs = (kind: PortKind): string[] =>
  kind === 'virtio'
    ? [
        '-device', 'virtio-serial-pci',
        '-device', 'virtserialport,chardev=work,name=memhp.0',
        '-device', 'virtserialport,chardev=watch,name=memhp.1',
      ]
    : ['-serial', 'chardev:work', '-serial', 'chardev:watch'];
