import {Broken} from '../util/errors.ts';
import {exactNumber} from '../util/number.ts';
import {clean, lastLines, shellQuote} from '../util/text.ts';
import type {CaseGuest} from './guest.ts';

const GROUPS = '/sys/fs/cgroup';
const GROUP = `${GROUPS}/memhp`;
const DIR = '/run/memhp.bound';
const MAPS = `/proc/$(cat ${DIR}/pid)/numa_maps`;

/** How a process is bound to a node: by its cpuset, or by a memory policy of its own (set_mempolicy(2)). */
export type BoundBy = 'cpuset' | 'bind' | 'preferred';

/** The memory policies' numbers. Source: include/uapi/linux/mempolicy.h. */
const MODES = {cpuset: 0, preferred: 1, bind: 2} as const satisfies Record<BoundBy, number>;

/**
 * A perl program that is bound to a node: bound.pl DIR MIB MODE NODE, where MODE 0 leaves the binding to its cpuset. It
 * waits for files in DIR, each an order, and answers with a file of the same name and `.done`. `fill` writes to each of
 * its pages; `check` counts those that have changed; `pipe` tells the error of a write to a pipe; `more MIB` takes that
 * much memory more. Files in a tmpfs, because a pipe's pages are what a process of a cpuset without kernel zones
 * doesn't get.
 */
const program = String.raw`
use strict;
use Errno;
my ($dir, $mib, $mode, $node) = @ARGV;
my ($READ, $MMAP, $MADVISE, $SET_MEMPOLICY) = (0, 9, 28, 238); # x86_64
my $pages = $mib * 256;
my $mask = pack('Q', 1 << $node);
$mode == 0 || syscall($SET_MEMPOLICY, $mode + 0, $mask, 65) == 0 or die "set_mempolicy: $!\n";
my $base;
sub map_memory {
  my ($size) = @_;
  my $area = syscall($MMAP, 0, $size, 3, 0x22, -1, 0);
  $area != -1 && syscall($MADVISE, $area, $size, 15) != -1 or die "mmap: $!\n"; # no huge pages
  return $area;
}
sub content { my ($i) = @_; return pack('NN', $i, $i ^ 0x5bd1e995) x 512 }
sub write_pages {
  my ($start, $count) = @_;
  open(my $out, '+>', "$dir/page") or die "page: $!\n";
  for my $i (0 .. $count - 1) {
    sysseek($out, 0, 0);
    syswrite($out, content($i)) == 4096 or die "page: $!\n";
    sysseek($out, 0, 0);
    syscall($READ, fileno($out), $start + $i * 4096, 4096) == 4096 or die "read: $!\n";
  }
}
sub seen { my ($i) = @_; return unpack('P4096', pack('Q', $base + $i * 4096)) }
my %orders = (
  fill => sub {
    $base = map_memory($pages * 4096);
    write_pages($base, $pages);
    open(my $file, '>', "$dir/area") or die "area: $!\n";
    printf $file "%x\n", $base; # as it is in numa_maps
    return 'filled';
  },
  check => sub { return scalar grep { seen($_) ne content($_) } 0 .. $pages - 1 },
  pipe => sub {
    pipe(my $out, my $in) or return 'no pipe';
    return 'none' if defined syswrite($in, 'x');
    for (sort keys %!) { return $_ if $!{$_} }
  },
  more => sub {
    my ($more) = @_;
    my $area = map_memory($more * 1048576);
    open(my $zeros, '<', '/dev/zero') or die "zero: $!\n";
    for (1 .. $more) {
      syscall($READ, fileno($zeros), $area, 1048576) == 1048576 or die "read: $!\n";
      $area += 1048576;
    }
    return 'none';
  },
);
while (1) {
  for my $order (sort keys %orders) {
    open(my $file, '<', "$dir/$order") or next;
    my $with = <$file>;
    unlink "$dir/$order";
    my $answer = eval { $orders{$order}->($with) } // "failed: $@";
    open(my $reply, '>', "$dir/reply") or die;
    print $reply "$answer\n";
    close $reply;
    rename("$dir/reply", "$dir/$order.done") or die;
  }
  select(undef, undef, undef, 0.01);
}
`;

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
    await this.#guest.step(
      `the bound process writes to its ${this.pages} pages`,
      () => this.#ask('fill', /^filled$/),
    );
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
    return this.#guest.step(
      `the bound process takes ${mib} MiB more`,
      () => this.#ask('more', /^\w+( \d+)?$/, String(mib)),
    );
  }

  /** Ends it if it hasn't ended, and removes its cpuset. A step. */
  async end(): Promise<void> {
    // A cgroup can be removed once the last of its processes has left it, which is after the process was waited for.
    const remove = `until grep -qx 'populated 0' ${GROUP}/cgroup.events; do :; done; rmdir ${GROUP}`;
    await this.#guest.step('the bound process ends', () => this.#guest.sh(`
      [ -e ${DIR}/status ] || kill -9 $(cat ${DIR}/pid)
      until [ -e ${DIR}/status ]; do :; done
      ${this.#by === 'cpuset' ? remove : 'true'} && rm -r ${DIR}`));
  }

  async #ask(order: string, answer: RegExp, text = ''): Promise<string> {
    const out = await this.#guest.sh(`echo ${shellQuote(text)} >${DIR}/order && mv ${DIR}/order ${DIR}/${order}
      until [ -e ${DIR}/${order}.done ] || [ -e ${DIR}/status ]; do :; done
      if [ -e ${DIR}/${order}.done ]; then cat ${DIR}/${order}.done && rm ${DIR}/${order}.done
      else echo "ended $(cat ${DIR}/status)"; fi`);
    const said = out.trim();
    if (!answer.test(said)) throw new Broken(
      `the bound process in the guest answered "${lastLines(clean(out, 300), 2)}" to ${order}`,
    );
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
  await guest.step(`a process of ${mib} MiB begins, bound to the memory of node ${node} (${by})`, () => guest.sh(`
    set -e
    mkdir ${DIR}; cat >${DIR}/bound.pl <<'END_OF_BOUND'\n${program}\nEND_OF_BOUND
    ${by === 'cpuset' ? group : ''}
    { status=0
      sh -c '${enter} echo $$ >${DIR}/pid && exec perl ${DIR}/bound.pl ${DIR} ${mib} ${MODES[by]} ${node}' || status=$?
      echo $status >${DIR}/status; } </dev/null >${DIR}/out 2>&1 &
    until [ -s ${DIR}/pid ] || [ -e ${DIR}/status ]; do :; done
    [ ! -e ${DIR}/status ] || { cat ${DIR}/out >&2; false; }`));
  return new BoundProcess(guest, mib * 256, by);
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
  const pairs = out.trimEnd().split('\n').map((line) => {
    const [, name = '', digits = ''] = /^(\w+)=(\d+)$/.exec(line) ?? [];
    if (digits === '') throw new Broken(`the guest tells of a process's memory "${clean(out, 200)}", not in numbers`);
    return [name, exactNumber(digits, name)] as const;
  });
  const names = new Set(pairs.map(([name]) => name));
  if (names.size < pairs.length) throw new Broken(`the guest tells one thing twice: "${clean(out, 200)}"`);
  return Object.fromEntries(pairs);
}
