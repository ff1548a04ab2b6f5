import {blocksOf} from '../expected/device-blocks.ts';
import type {CaseGuest} from './guest.ts';
import {fatesByRules, memoryFiles, type Reading} from '../udev/reading.ts';
import {zone} from '../expected/zones.ts';

/** What a guest's policy and rules make of the DIMMs that are there at boot. */
export interface AfterBoot {
  /** `memory32 Normal`, `memory33 offline`: each block, in the order of addresses. */
  readonly blocks: readonly string[];
  /** Who onlines them: `kernel`, `nobody`, or the rule. */
  readonly by: readonly string[];
  /** KiB of them that the guest can use. */
  readonly usableKiB: number;
}

/**
 * What the blocks of cold-plugged DIMMs must be after boot. The ACPI driver adds them like plugged ones when it finds
 * them, before user space starts: by the policy. Where that leaves them offline, udev's rules see an `add` of each as
 * systemd-udev-trigger sends it.
 */
export function afterBoot(guest: CaseGuest, reading: Reading): AfterBoot {
  const policy = guest.now.policy ?? 'not readable';
  const fates = coldBlocks(guest).map((id) => ({id, fates: fatesByRules(reading, policy, `memory${id}`)}));
  const blocks = fates.map(
    ({id, fates: open}) => `memory${id} ${[...new Set(open.map((fate) => fate.replace(/^.* → /, '')))].join(' or ')}`,
  );
  return {
    blocks,
    by: [...new Set(fates.flatMap(({fates: open}) => open.map((fate) => fate.replace(/ → .*$/, ''))))],
    usableKiB: blocks.filter((one) => !one.endsWith(' offline')).length * (guest.blockSize / 1024),
  };
}

/** What the same blocks are now. */
export const coldNow = (guest: CaseGuest): string[] =>
  coldBlocks(guest).map((id) => {
    const {state, validZones} = guest.view(id);
    return `memory${id} ${state === 'online' ? validZones.join(' ') : state}`;
  });

/**
 * KiB of MemTotal that lie in Normal and Movable: with boot RAM below 4 GiB, and nothing plugged, these are the DIMMs
 * of the command line.
 */
export const aboveBootRam = ({now}: CaseGuest): number =>
  (zone(now, 'Normal').managed + zone(now, 'Movable').managed) * 4;

/** The rule files that write to a block's state. */
export const writingFiles = (reading: Reading): string[] => memoryFiles(reading).map(({path}) => path);

const coldBlocks = (guest: CaseGuest): number[] =>
  guest.session.first.vmm.devices.flatMap((device) => blocksOf(device, guest.blockSize));
