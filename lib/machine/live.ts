import type {BootConfig} from './commandline.ts';

/**
 * Does all that a guest writes while it is migrated get to the other side? Under TCG QEMU doesn't see writes to pages
 * that were written just before it looked: before 9.0 to none, and since to those of a DIMM
 * (docs/findings/migration-loses-writes.md). A guest that is stopped first is migrated whole by each QEMU.
 */
export const migratesWhatIsWritten = ({accel}: Pick<BootConfig, 'accel'>): boolean => accel === 'kvm';
