// What the lint says of a guest's whole root, and whether the fixes that it prints do what they say.
import {proveOnlining} from '../lib/conformance/udev/attribution.ts';
import {conformance} from '../lib/conformance/runner/case.ts';
import {fillKernelMemory} from '../lib/conformance/workload/load.ts';
import {applyFix, fatesOfRoot, fatesSeen, fixOf, lintGuestRoot} from '../lib/conformance/udev/root.ts';
import {installProfile, profileNamed} from '../lib/conformance/udev/rules.ts';

conformance(
  'udev/root',
  {
    title:
      "What the lint says of the untouched guest's whole root is what becomes of a DIMM: by whom, into " +
      'which zone, and whether it can be unplugged',
    claims: ['udev/root', 'udev/attribution'],
    needs: ['device:dimm', 'memory-hotremove', 'kernel-config', 'command:udevadm', 'command:systemctl'],
  },
  async ({t, guest, untouched}) => {
    const reading = await lintGuestRoot(guest);
    const {linted} = reading;
    t.fact('root', linted.sentence);
    t.is(
      linted.answer.chain.steps.map(({value}) => value).at(-1),
      guest.now.policy,
      "auto_online_blocks by the root's files",
      linted.reasons.map(({text}) => text).join('; '),
    );
    t.is(linted.answer.chain.steps.filter(({when}) => when === 'now').length, 0, 'policies that no file sets');
    const dimms: {requestUnplug: () => Promise<{outcome: string}>}[] = [];
    const blocks = await proveOnlining({guest, untouched}, async () => {
      const dimm = await guest.plugDimm({size: guest.inBlocks(2)}, {settle: true});
      dimms.push(dimm);
      return dimm;
    });
    t.is(fatesSeen(blocks), fatesOfRoot(reading), 'who onlined the blocks, and where they are', linted.sentence);
    await fillKernelMemory(guest);
    const outcome = (await dimms[0]?.requestUnplug())?.outcome;
    t.is(
      outcome,
      linted.answer.plugged.fates.some(({zone}) => zone === 'Normal') ? 'refused' : 'removed',
      'how the request to unplug ended',
      `the kernel has allocated what can't move; ${linted.sentence}`,
    );
  },
);

const WANTED = {movable: 'Movable', normal: 'Normal', offline: 'offline'} as const;

for (const [want, zone] of Object.entries(WANTED) as ['movable' | 'normal' | 'offline', string][]) {
  for (const profile of [undefined, 'rhel-8'] as const) {
    if (profile !== undefined && want === 'normal') continue; // as its rule has it
    conformance(
      `udev/root-fix-${want}${profile === undefined ? '' : `-${profile}`}`,
      {
        title:
          `The fix that the lint prints for ${want} memory ` +
          (`${profile === undefined ? 'of the untouched guest' : 'over rules as of RHEL 8'} makes a plugged ` +
            `DIMM ${zone === 'offline' ? 'stay offline' : `go to ${zone}`}, by whom it says`),
        claims: ['udev/root-fix'],
        needs: ['device:dimm', 'kernel-config', 'command:udevadm', 'command:systemctl', 'kprobes'],
      },
      async ({t, guest, untouched}) => {
        if (profile !== undefined) await installProfile(guest, profileNamed(profile));
        const before = await lintGuestRoot(guest);
        const fix = fixOf(before, want);
        t.fact('root', before.linted.sentence);
        t.fact('fix', fix.kind === 'fix' ? fix.fix.remedy.files.map(({path}) => path).join(', ') : fix.kind);
        t.oneOf(fix.kind, ['fix', 'already'], 'a fix that the lint can prove');
        await applyFix(guest, fix);
        const after = await lintGuestRoot(guest);
        t.is(
          fixOf(after, want).kind,
          'already',
          'what the lint says of the root with the fix in it',
          after.linted.sentence,
        );
        const blocks = await proveOnlining({guest, untouched}, () =>
          guest.plugDimm({size: guest.inBlocks(2)}, {settle: true}),
        );
        t.is(
          fatesSeen(blocks),
          fatesOfRoot(after),
          'who onlined the blocks, and where they are',
          after.linted.sentence,
        );
        t.is(
          [...new Set(blocks.map((block) => block.zone ?? 'offline'))],
          [zone],
          'where the blocks are',
          `--want ${want}`,
        );
      },
    );
  }
}
