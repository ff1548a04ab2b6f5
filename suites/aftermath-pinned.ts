// The suite aftermath, part three: a block that couldn't go offline while its pages were pinned, once they aren't.
import {DOORS, NEEDS_OF, lifeOf, type Door} from '../lib/conformance/after-failure/blocks.ts';
import {compareObject} from '../lib/conformance/after-failure/object.ts';
import {pinnedBlock} from '../lib/conformance/after-failure/pinned.ts';
import {conformance} from '../lib/conformance/runner/case.ts';

/** Its neighbours in the DIMM, and the doors by which it goes on. What is in Normal can't be unplugged. */
const ROWS = {
  movable: {neighbours: 'online_movable', doors: ['online', 'state', 'replug']},
  normal: {neighbours: 'online_kernel', doors: ['online', 'state']},
  offline: {neighbours: undefined, doors: ['online', 'replug']},
} as const;

for (const [name, {neighbours, doors}] of Object.entries(ROWS)) {
  for (const door of doors satisfies readonly Door[]) {
    conformance(
      `aftermath/pinned-between-${name}-then-${door}`,
      {
        title: `After an aborted offlining a block between ${name} ones goes on as one let alone: ${DOORS[door]}`,
        claims: ['linux/offline/abort-by-signal', 'linux/offline/failure-unchanged'],
        needs: [...NEEDS_OF[door], 'config:CONFIG_MEMORY_ISOLATION', 'command:perl'],
        seconds: 60,
      },
      async ({t, guest, untouched}) => {
        await compareObject(t, guest, untouched, async (one) => {
          const {dimm, id, abort, release} = await pinnedBlock(one, neighbours);
          return {fail: abort, release, life: lifeOf(one, dimm, [id], door), blocks: dimm.blockIds};
        });
      },
    );
  }
}
