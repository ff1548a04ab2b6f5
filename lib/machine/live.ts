import {compareReleases} from '../util/releases.ts';
import type {BootConfig} from './commandline.ts';

/**
 * Does all that a guest writes while it is migrated get to the other side? Under TCG QEMU before 9.0 no longer sees writes to
 * pages that were written just before it looked (docs/findings/migration-loses-writes.md). A guest that is stopped first is
 * migrated whole by each QEMU.
 */
export const migratesWhatIsWritten = ({accel, qemu}: Pick<BootConfig, 'accel' | 'qemu'>): boolean =>
  accel === 'kvm' || compareReleases(qemu, '9.0') >= 0;
