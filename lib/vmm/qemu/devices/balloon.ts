import type {DeviceSpec} from '../../vmm.ts';
import type {Qmp} from '../qmp/client.ts';
import type {DeviceKind} from './device.ts';
import {queryBalloon} from '../view.ts';
import {deleted, unanswered} from './virtio.ts';

/** A virtio-balloon; QEMU has one at most. */
export interface BalloonSpec extends DeviceSpec {
  readonly kind: 'balloon';
  /** The PCI Express port that it is plugged into; none for one that is there at boot. */
  readonly port?: string;
  /** Does it report free pages, so that the host takes them back? */
  readonly reporting?: boolean;
  /** Does it tell a migration of free pages? Then QEMU wants a thread for it, which is `<id>-thread`. */
  readonly hinting?: boolean;
}

/**
 * Sets what the guest is to have left, boot RAM and plugged memory together; it follows when it can. Throws QmpError
 * where there is no balloon.
 */
export const setBalloon = (qmp: Qmp, size: number | string): Promise<unknown> =>
  qmp.execute('balloon', {value: Number(size)});

/**
 * The same, and waits until it has: for QEMU's event with exactly that. Throws DeadlineError where the guest stops
 * short.
 */
export async function balloonTo(qmp: Qmp, bytes: number, ms: number): Promise<void> {
  if ((await queryBalloon(qmp))?.left === bytes) return;
  const mark = qmp.events.mark();
  await setBalloon(qmp, bytes);
  await qmp.events.next(
    mark,
    `BALLOON_CHANGE to ${bytes}`,
    ({event, data}) => event === 'BALLOON_CHANGE' && data['actual'] === bytes,
    ms,
  );
}

/**
 * A balloon: it gives pages back rather than let the guest run out of memory, so MemTotal stays (deflate-on-oom). The
 * guest's driver takes it without an answer.
 */
export const balloon: DeviceKind<BalloonSpec> = {
  kind: 'balloon',
  model: ({virtio}) => `virtio-balloon-${virtio}`,
  config: () => ['CONFIG_VIRTIO_BALLOON'],
  atBoot: ({id, port, reporting = false, hinting = false}, {virtio}) => ({
    ram: [],
    ramInState: true,
    args: [
      ...(hinting ? ['-object', `iothread,id=${id}-thread`] : []),
      '-device',
      [
        `virtio-balloon-${virtio}`,
        `id=${id}`,
        ...(port === undefined ? [] : [`bus=${port}`]),
        ...(hinting ? [`iothread=${id}-thread`, 'free-page-hint=on'] : []),
        ...(reporting ? ['free-page-reporting=on'] : []),
        'deflate-on-oom=on',
      ].join(','),
    ],
  }),
  plug: async (qmp, {id, port, reporting = false, hinting = false}, {virtio}) => {
    if (hinting) await qmp.execute('object-add', {'qom-type': 'iothread', id: `${id}-thread`});
    await qmp.execute('device_add', {
      driver: `virtio-balloon-${virtio}`,
      id,
      ...(port === undefined ? {} : {bus: port}),
      ...(hinting ? {iothread: `${id}-thread`, 'free-page-hint': true} : {}),
      ...(reporting ? {'free-page-reporting': true} : {}),
      'deflate-on-oom': true,
    });
    return unanswered;
  },
  unplug: (qmp, device, _bus, ms) => deleted(qmp, device, ms),
  resize: async (qmp, _id, size) => {
    await setBalloon(qmp, size);
  },
};
