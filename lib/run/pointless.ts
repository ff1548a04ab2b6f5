import {absentNeed} from '../conformance/runner/needs.ts';
import type {Case} from '../conformance/runner/case.ts';
import type {Unbooted} from '../conformance/runner/run-case.ts';
import {boardOf} from '../machine/board/boards.ts';
import {guestBoard} from '../machine/board/board.ts';
import type {BootConfig} from '../machine/commandline.ts';
import type {Template} from '../machine/template.ts';
import type {QemuBinary} from '../vmm/qemu/binary.ts';

/** A boot config, what runs it, and the cases that want it. */
interface Booted {
  readonly config: BootConfig;
  readonly qemu: QemuBinary;
  readonly cases: readonly Case[];
}

/**
 * Why no case of a boot config can run, each with its reason, as the same guest says in another one: its kernel and its
 * commands are the same. Undefined where one can, or might. Such a config needn't be booted.
 */
export function pointless({config, qemu, cases}: Booted, elsewhere: Template): Unbooted | undefined {
  const {image, profile, accel} = config;
  // Its nodes are those of the other machine.
  const {nodes: _nodes, ...facts} = elsewhere.facts;
  const reasons = cases.map(({id, needs = []}) => {
    const reason = absentNeed(needs, {
      facts,
      board: guestBoard(boardOf(image.arch), profile.ram, facts.page),
      vmm: {name: 'qemu', version: qemu.version, models: qemu.models},
      accel,
      disk: image.disk !== undefined,
      nodes: profile.nodes.length,
    });
    return [id, reason] as const;
  });
  if (reasons.some(([, reason]) => reason === undefined)) return undefined;
  return {absent: Object.fromEntries(reasons.map(([id, reason]) => [id, reason ?? ''])), kernel: facts.kernel};
}
