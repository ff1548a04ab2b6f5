import {systemRam} from '../../guest/iomem.ts';
import type {Observation} from '../../guest/observation.ts';
import type {GuestBoard} from '../../machine/board/board.ts';
import {formatSize} from '../../util/size.ts';
import type {Derived} from './ledger.ts';

/** The size of memory blocks that the kernel chooses at boot, by where its System RAM ends. */
export function largestBlock(
  {iomem}: Pick<Observation, 'iomem'>,
  board: Pick<GuestBoard, 'blockSize'>,
): Derived<number> {
  const end = Math.max(...systemRam(iomem).map((range) => range.end));
  const {value, because} = board.blockSize(end);
  return {value, because: `System RAM of /proc/iomem ends at ${formatSize(end)}; ${because}`};
}
