import {stateWords} from './device.ts';
import {finding, type Finding, type FindingId, type Level} from './finding.ts';
import {guestNames, type Guest} from './guest.ts';
import {exactly, textMatches} from './maybe.ts';
import type {RulesFile} from './rule.ts';
import {idOf, type Hit, type Site, type Unusual} from './sites.ts';

/** What a lint is asked about. */
export interface Question {
  readonly files: readonly RulesFile[];
  /** These are all rules that the guest has. */
  readonly complete: boolean;
  /** The guests that count, in all their policies. */
  readonly guests: readonly Guest[];
  /** How sites fare in a guest's unusual events. */
  readonly unusual: (guest: Guest) => Unusual;
}

type Say = (id: FindingId, message: string, fix: string, level?: Level) => Finding;

const onlines = (value: string): boolean => value === 'online' || value === 'online_kernel' || value === 'online_movable';
const writes = (hits: readonly Hit[], wanted: (value: string) => boolean): Hit[] => hits.filter(({value}) => value.values.some(wanted));
const places = (hits: readonly Hit[]): string => guestNames(hits.map(({guest}) => guest));
const RESPECT = 'put ATTRS{auto_online_blocks}=="offline", GOTO="…" above it; or remove the rule, and set the policy of the kernel instead';

/** What is to be said of one place that writes to the state of memory blocks. */
export function* siteFindings(site: Site, question: Question): Generator<Finding> {
  const say: Say = (id, message, fix, level) => finding(id, site.place, message, fix, level);
  const plain = site.hits.filter(({action, guest}) => action === 'add' && guest.policy === 'offline');
  const added = plain.length > 0 ? plain : site.hits.filter(({action}) => action === 'add');
  if (site.hits.length === 0) {
    if (isForMemory(site)) yield say('memory/never', 'no guest ever gets to this write', 'look at the matches of the rule, and at the GOTOs above it');
    return;
  }
  yield* words(site, say);
  yield* zones(added, say);
  yield* guards(site, added, question, say);
  yield* occasions(site, say);
  yield* policy(site, plain, say);
  yield* reach(site, question, say);
  if (site.hits.some(({how}) => how === 'program')) {
    yield say('memory/run-writes-state', 'the state is written by a program that runs after all rules: it can fail without anybody noticing, and costs a process for each block', 'write ATTR{state}="…" in the rule itself');
  }
}

function* words({hits}: Site, say: Say): Generator<Finding> {
  const wrong = [...new Set(hits.flatMap(({value}) => value.values))].filter((word) => !(stateWords as readonly string[]).includes(word));
  if (wrong.length > 0) yield say('memory/state-word', `the kernel takes no state "${wrong.join('", "')}" (EINVAL): the block stays as it is`, `write one of ${stateWords.join(', ')}`);
  const off = writes(hits.filter(({action}) => action !== 'offline'), (value) => value === 'offline');
  if (off.length > 0) yield say('memory/offlines', `takes memory blocks offline on ${places(off)}`, 'remove it, unless memory shall vanish whenever udevd sees it');
}

function* zones(added: readonly Hit[], say: Say): Generator<Finding> {
  const kernel = writes(added, (value) => value === 'online' || value === 'online_kernel');
  if (kernel.length > 0) {
    yield say('memory/non-movable', `plugged memory goes to a kernel zone (mostly Normal) on ${places(kernel)}: the kernel's own data may end up in it, and then it can't be unplugged`, 'write online_movable; where a lot of memory is plugged into a small guest, leave it to the kernel with online_policy=auto-movable');
  }
  const movable = writes(added, (value) => value === 'online_movable');
  if (movable.length > 0) {
    yield say('memory/order-trap', `kernels before 4.13 take online_movable only next to a Movable zone, and udevd onlines blocks in no certain order: some blocks stay offline there (${places(movable)})`, 'fine with a newer kernel; with an older one online by hand or a script, from the highest block down');
  }
}

function* guards({hits}: Site, added: readonly Hit[], {guests}: Question, say: Say): Generator<Finding> {
  const on = (virt: string, arch: string): Hit[] => writes(added, onlines).filter(({guest}) => guest.virt === virt && guest.arch === arch);
  const asked = (arch: string): boolean => new Set(guests.map((guest) => guest.arch)).size > 1 && guests.some((guest) => guest.arch === arch);
  const word = (some: readonly Hit[]): string => JSON.stringify(some[0]?.value.values ?? '');
  const [virtual, bare] = [on('kvm', 'x86-64'), on('none', 'x86-64')];
  if (virtual.length > 0 && bare.length > 0 && word(virtual) === word(bare)) {
    yield say('memory/no-virt-guard', 'does the same in virtual machines and on bare metal, where unplug and ballooning want different zones', 'tell them apart with CONST{virt}=="none" (systemd 244 and newer)');
  }
  const certain = (some: readonly Hit[]): boolean => some.some((hit) => hit.certain === 'yes') || (some.length > 0 && !hits.some((hit) => hit.certain === 'yes'));
  const [z, power] = [on('kvm', 's390x'), on('kvm', 'ppc64-le')];
  if (asked('s390x') && certain(z)) {
    yield say('memory/no-arch-guard', `onlines on ${places(z)} too: memory that is offline there is held in reserve for its owner`, 'put CONST{arch}=="s390*", GOTO="…" above it');
  } else if (asked('ppc64-le') && certain(power)) {
    yield say('memory/no-arch-guard', `onlines on ${places(power)} too, where drmgr onlines plugged memory itself`, 'put CONST{arch}=="ppc64*", GOTO="…" above it', 'info');
  }
}

function* occasions({hits}: Site, say: Say): Generator<Finding> {
  const undone = writes(hits.filter(({action}) => action === 'offline'), onlines);
  const triggered = writes(hits.filter(({action}) => action === 'change'), onlines);
  if (undone.length > 0) {
    yield say('memory/undoes-offline', `a block that somebody sets offline is set online again by the event that this causes, on ${places(undone)}`, 'add ACTION=="add" to the rule');
  } else if (triggered.length > 0) {
    yield say('memory/any-action', `"udevadm trigger" onlines blocks that somebody left offline, on ${places(triggered)}`, 'add ACTION=="add" to the rule');
  }
}

function* policy({hits}: Site, plain: readonly Hit[], say: Say): Generator<Finding> {
  const ignored = writes(plain, onlines).filter(({certain}) => certain === 'yes');
  if (ignored.length > 0) yield say('memory/ignores-policy', `onlines although auto_online_blocks is offline, on ${places(ignored)}`, RESPECT);
  const raced = writes(hits.filter(({action, guest}) => action === 'add' && guest.policy !== 'offline'), onlines);
  if (raced.length > 0) {
    const policies = [...new Set(raced.map(({guest}) => guest.policy))];
yield say('memory/kernel-first', `with auto_online_blocks ${policies.join(', ')} the kernel has onlined the block before the rule's write gets through: it is refused (EINVAL) and logged, and the kernel's zone stays`, 'where the policy does what you want, the rule is not needed; where not, set the policy to offline');
  }
}

function* reach(site: Site, {unusual}: Question, say: Say): Generator<Finding> {
  const guest = site.hits[0]?.guest;
  if (!guest) return;
  const id = idOf(site.place);
  const {online, others, blocks} = unusual(guest);
  if (online.get(id) === 'yes') {
    yield say('memory/unconditional', 'writes without a look at the state: a block that is online already refuses it, and udevd logs an error for each', 'add ATTR{state}=="offline" to the rule');
  }
  const actions = others.filter(({sites}) => sites.get(id) === 'yes').map(({action}) => action);
  if (actions.length > 0) yield say('memory/other-devices', `is not for memory alone: the state of other devices (of SCSI, for one) is written too, on ${actions.join(' and ')}`, 'add SUBSYSTEM=="memory" to the rule');
  if (new Set(blocks.map((sites) => sites.get(id) ?? 'no')).size > 1) yield say('memory/some-blocks', 'fires for some blocks only: the others stay as they are', 'match KERNEL=="memory[0-9]*", or leave KERNEL out');
}

/** The rule itself says that it is for memory blocks. */
export function isForMemory({rule}: Pick<Site, 'rule'>): boolean {
  return rule.tokens.some(({key, pattern, op, value}) => {
    if (op !== '==' || !pattern) return false;
    if (key === 'SUBSYSTEM') return textMatches(pattern, exactly('memory')) === 'yes' && textMatches(pattern, exactly('scsi')) === 'no';
    return (key === 'KERNEL' || key === 'DEVPATH') && /(^|\/)memory/.test(value);
  });
}
