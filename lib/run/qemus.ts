import type {Arch} from '../image/image.ts';
import {freshApt, type AptOptions} from '../image/sources/debian/apt.ts';
import {findPackages} from '../image/sources/debian/qemu/packages.ts';
import {unpackedQemu} from '../image/sources/debian/qemu/qemu.ts';
import {suitesOf, SYSTEMS} from '../image/sources/debian/suites.ts';
import {boardOf, hostBoard} from '../machine/board/boards.ts';
import {fetchedQemu, findQemu, type QemuBinary} from '../vmm/qemu/binary.ts';
import {join} from 'node:path';
import {UsageError} from '../util/errors.ts';

/** What one `--qemu` says: a program of the host's, or the one of a system of Debian's. */
export type QemuAsked =
  {readonly text: string; readonly path: string} | {readonly text: string; readonly system: string};

/** The QEMUs that an architecture's guests run in, in the order asked for; where there is none, the host's does. */
export type Qemus = ReadonlyMap<Arch, readonly QemuBinary[]>;

/** Reads `debian:SUITE` and paths. Throws UsageError for a suite that there isn't, and for one that is named twice. */
export function readQemus(texts: readonly string[]): QemuAsked[] {
  const twice = texts.find((text, i) => texts.indexOf(text) !== i);
  if (twice !== undefined) throw new UsageError(`--qemu ${twice} was given twice`);
  return texts.map((text) => {
    const [, system] = /^debian:(.*)$/.exec(text) ?? [];
    if (system === undefined) return {text, path: text};
    if (!SYSTEMS.includes(system))
      throw new UsageError(`--qemu ${text}: unknown suite "${system}"; there are ${SYSTEMS.join(', ')}`);
    return {text, system};
  });
}

/**
 * Finds, and fetches where it has to, the QEMUs that were asked for, a program for each architecture. All are found
 * before one is fetched. Throws UsageError where one isn't there, can't run here, or has the version of another.
 */
export async function findQemus(
  texts: readonly string[],
  arches: readonly Arch[],
  options: AptOptions,
): Promise<Qemus> {
  const asked = readQemus(texts);
  for (const one of asked) if ('path' in one) oneArchitecture(one.path, arches);
  const found: {arch: Arch; text: string; get: () => Promise<QemuBinary>}[] = [];
  for (const one of asked)
    for (const get of 'path' in one ? await ofHost(one.path, arches) : await ofDebian(one.system, arches, options))
      found.push({...get, text: one.text});
  const qemus = new Map<Arch, QemuBinary[]>();
  const texted = new Map<string, string>();
  for (const {arch, text, get} of found) {
    const qemu = await get();
    const other = texted.get(`${arch} ${qemu.version}`);
    if (other !== undefined)
      throw new UsageError(
        `--qemu ${other} and --qemu ${text} are both QEMU ${qemu.version}, and the report could not tell them apart; ` +
          'run them one after the other',
      );
    texted.set(`${arch} ${qemu.version}`, text);
    qemus.set(arch, [...(qemus.get(arch) ?? []), qemu]);
  }
  return qemus;
}

/** Throws UsageError where one QEMU program is given for several architectures. */
function oneArchitecture(path: string, arches: readonly Arch[]): void {
  const all = [...new Set(arches)];
  if (all.length < 2) return;
  throw new UsageError(
    `--qemu ${path} is one program, and the guests are of ${all.join(' and ')}: run them one architecture at a time`,
  );
}

/** A QEMU that is there, and only has to be got. */
interface Found {
  readonly arch: Arch;
  readonly get: () => Promise<QemuBinary>;
}

async function ofHost(path: string, [arch]: readonly Arch[]): Promise<Found[]> {
  if (arch === undefined) return [];
  const qemu = await findQemu(path, boardOf(arch).qemuPackage);
  return [{arch, get: () => Promise.resolve(qemu)}];
}

/** The host's CPU runs it, whichever guests it is for. */
async function ofDebian(system: string, arches: readonly Arch[], options: AptOptions): Promise<Found[]> {
  const host = hostBoard()?.arch;
  if (host === undefined)
    throw new UsageError(
      `--qemu debian:${system}: memhp doesn't know Debian's name of this host's CPU, ${process.arch}`,
    );
  const apt = await freshApt(host, options, {suites: suitesOf(system), what: `the QEMU of ${system}`});
  const found: Found[] = [];
  for (const arch of new Set(arches)) {
    const {qemu: program, firmwarePackage} = boardOf(arch);
    const also = firmwarePackage === undefined ? [] : [firmwarePackage];
    const packages = await findPackages({program, also}, system, apt);
    const get = async (): Promise<QemuBinary> => {
      const {command, root} = await unpackedQemu(packages, apt, options);
      return await fetchedQemu({path: join(root, 'usr/bin', program), command, root});
    };
    found.push({arch, get});
  }
  return found;
}
