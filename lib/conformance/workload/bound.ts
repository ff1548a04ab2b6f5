import {boundProgram} from '../../guest/bound.ts';
import {MiB} from '../../util/size.ts';
import {Broken} from '../../util/errors.ts';
import {exactNumber} from '../../util/number.ts';
import {clean, lastLines, shellQuote} from '../../util/text.ts';
import type {CaseGuest} from '../guest/guest.ts';

const GROUPS = '/sys/fs/cgroup';
const GROUP = `${GROUPS}/memhp`;
const DIR = '/run/memhp.bound';
const MAPS = `/proc/$(cat ${DIR}/pid)/numa_maps`;

/** How a process is bound to a node: by its cpuset, or by a memory policy of its own (set_mempolicy(2)). */
export type BoundBy = 'cpuset' | 'bind' | 'preferred';

/** The memory policies' numbers. Source: include/uapi/linux/mempolicy.h. */
const MODES = {cpuset: 0, preferred: 1, bind: 2} as const satisfies Record<BoundBy, number>;

/** A process that is bound to one node, with memory of its own. */
export class BoundProcess {
  readonly pages: number;
  readonly #guest: CaseGuest;
  readonly #by: BoundBy;

  constructor(guest: CaseGuest, pages: number, by: BoundBy) {
    this.#guest = guest;
    this.#by = by;
    this.pages = pages;
  }

  /** Fills its memory. A step. */
  async fill(): Promise<void> {
    await this.#guest.step(`the bound process writes to its ${this.pages} pages`, () => this.#ask('fill', /^filled$/));
  }

  /** Its filled pages on each node that has any: `{N1: 4096}`. Source: /proc/PID/numa_maps. */
  async pagesByNode(): Promise<Record<string, number>> {
    return numbers(await this.#guest.sh(`grep "^$(cat ${DIR}/area) " ${MAPS} | tr ' ' '\\n' | grep '^N[0-9]'`));
  }

  /**
   * The memory policy of its pages once it is this one: `bind:0`. Waits for the kernel, which follows the nodes from a
   * work queue. Source: /proc/PID/numa_maps.
   */
  async policyOnce(policy: string): Promise<string> {
    const read = `grep "^$(cat ${DIR}/area) " ${MAPS} | cut -d ' ' -f 2`;
    const out = await this.#guest.sh(
      `until now=$(${read}); [ "$now" = ${shellQuote(policy)} ]; do :; done; echo "$now"`,
    );
    return out.trimEnd();
  }

  /** How many of its pages don't have their content any more. */
  async changedPages(): Promise<number> {
    return Number(await this.#ask('check', /^\d+$/));
  }

  /** Name of the error when it writes to a pipe; `none` where that works. A step. */
  writeToPipe(): Promise<string> {
    return this.#guest.step('the bound process writes to a pipe', () => this.#ask('pipe', /^\w+$/));
  }

  /**
   * Lets it take so many MiB more: `none` where it gets them, `ended` and its exit status (128 and a signal's number)
   * where it is killed. A step.
   */
  takeMore(mib: number): Promise<string> {
    return this.#guest.step(`the bound process takes ${mib} MiB more`, () =>
      this.#ask('more', /^\w+( \d+)?$/, String(mib)),
    );
  }

  /** Ends it if it hasn't ended, and removes its cpuset. A step. */
  async end(): Promise<void> {
    // A cgroup can be removed once the last of its processes has left it, which is after the process was waited for.
    const remove = `until grep -qx 'populated 0' ${GROUP}/cgroup.events; do :; done; rmdir ${GROUP}`;
    await this.#guest.step('the bound process ends', () =>
      this.#guest.sh(`
      [ -e ${DIR}/status ] || kill -9 $(cat ${DIR}/pid)
      until [ -e ${DIR}/status ]; do :; done
      ${this.#by === 'cpuset' ? remove : 'true'} && rm -r ${DIR}`),
    );
  }

  async #ask(order: string, answer: RegExp, text = ''): Promise<string> {
    const out = await this.#guest.sh(`echo ${shellQuote(text)} >${DIR}/order && mv ${DIR}/order ${DIR}/${order}
      until [ -e ${DIR}/${order}.done ] || [ -e ${DIR}/status ]; do :; done
      if [ -e ${DIR}/${order}.done ]; then cat ${DIR}/${order}.done && rm ${DIR}/${order}.done
      else echo "ended $(cat ${DIR}/status)"; fi`);
    const said = out.trim();
    if (!answer.test(said))
      throw new Broken(`the bound process in the guest answered "${lastLines(clean(out, 300), 2)}" to ${order}`);
    return said;
  }
}

/**
 * Starts a process of `mib` MiB that is bound to a node: in a new cpuset (cgroup v2) that has the memory of that node
 * alone, or by a memory policy. Its memory is not touched yet. A step. Needs `command:perl`, a node that has memory,
 * and for a cpuset `config:CONFIG_CPUSETS`.
 */
export async function bindToNode(guest: CaseGuest, node: number, mib: number, by: BoundBy): Promise<BoundProcess> {
  const group = `echo +cpuset >${GROUPS}/cgroup.subtree_control; mkdir ${GROUP}; echo ${node} >${GROUP}/cpuset.mems`;
  const enter = by === 'cpuset' ? `echo $$ >${GROUP}/cgroup.procs &&` : '';
  await guest.step(`a process of ${mib} MiB begins, bound to the memory of node ${node} (${by})`, () =>
    guest.sh(`
    set -e
    mkdir ${DIR}; cat >${DIR}/bound.pl <<'END_OF_BOUND'\n${boundProgram(guest.board)}\nEND_OF_BOUND
    ${by === 'cpuset' ? group : ''}
    { status=0
      sh -c '${enter} echo $$ >${DIR}/pid && exec perl ${DIR}/bound.pl ${DIR} ${mib} ${MODES[by]} ${node}' || status=$?
      echo $status >${DIR}/status; } </dev/null >${DIR}/out 2>&1 &
    until [ -s ${DIR}/pid ] || [ -e ${DIR}/status ]; do :; done
    [ ! -e ${DIR}/status ] || { cat ${DIR}/out >&2; false; }`),
  );
  return new BoundProcess(guest, guest.pagesOf(mib * MiB), by);
}

/**
 * The memory nodes of the cpuset, as asked for and as the kernel uses them, once the latter are these. Waits for the
 * kernel, which follows the nodes from a work queue.
 */
export async function cpusetNodes(guest: CaseGuest, effective: string): Promise<{mems: string; effective: string}> {
  const out = await guest.sh(
    `until [ "$(cat ${GROUP}/cpuset.mems.effective)" = ${shellQuote(effective)} ]; do :; done; cat ` +
      `${GROUP}/cpuset.mems ${GROUP}/cpuset.mems.effective`,
  );
  const [, mems = '', now = ''] = /^([\d,-]+)\n([\d,-]+)\n$/.exec(out) ?? [];
  if (now === '') throw new Broken(`the guest tells of the nodes of the cpuset "${clean(out, 200)}"`);
  return {mems, effective: now};
}

/** KiB of a node that the kernel has for itself: slab, page tables, kernel stacks. Source: nodeN/meminfo. */
export async function kernelMemory(guest: CaseGuest, node: number): Promise<Record<string, number>> {
  const line = `s/^Node ${node} (Slab|PageTables|KernelStack): +([0-9]+) kB$/\\1=\\2/p`;
  return numbers(await guest.sh(`sed -nE '${line}' /sys/devices/system/node/node${node}/meminfo`));
}

/** Lines of `name=number`, each name once. Throws Broken where there is anything else. */
function numbers(out: string): Record<string, number> {
  const pairs = out
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, name = '', digits = ''] = /^(\w+)=(\d+)$/.exec(line) ?? [];
      if (digits === '') throw new Broken(`the guest tells of a process's memory "${clean(out, 200)}", not in numbers`);
      return [name, exactNumber(digits, name)] as const;
    });
  const names = new Set(pairs.map(([name]) => name));
  if (names.size < pairs.length) throw new Broken(`the guest tells one thing twice: "${clean(out, 200)}"`);
  return Object.fromEntries(pairs);
}
