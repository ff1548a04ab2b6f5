import {argvOf, shellSigns} from '../command/argv.ts';
import {BLOCK, stateWords} from '../predict/effect.ts';
import {finding, type Finding} from './finding.ts';
import {guestNames} from '../guest.ts';
import {isForMemory} from '../follow/concerns.ts';
import {idOf, type Hit, type Site} from './sites.ts';
import {type Question, type Say, onlines, writes, places, RESPECT} from './hits.ts';

/** What is to be said of one place that writes to the state of memory blocks. */
export function* siteFindings(site: Site, question: Question): Generator<Finding> {
  const say: Say = (id, message, fix, level) => finding(id, site.place, message, fix, level);
  if (site.hits.length === 0) {
    if (isForMemory(site) && !isAmiss(site)) yield* never(site, question, say);
    return;
  }
  const known = site.hits.filter(({guess}) => guess === undefined);
  yield* guesses(site, say);
  if (known.length === 0) return;
  const plain = known.filter(({action, guest, again}) => action === 'add' && guest.policy === 'offline' && !again);
  const plugged = known.filter(({action, again}) => action === 'add' && !again);
  yield* words(known, say);
  const refusedAlways = !known.some(({value}) => value.open || value.values.some((word) => stateWords.includes(word)));
  if (plugged.length > 0 && !known.some(({acts, action}) => acts && action === 'add')) {
    if (!refusedAlways) yield* neverActs(known, say);
  } else {
    const added = plugged.filter(({acts}) => acts);
    yield* zones(added, say);
    yield* guards(site, added, question, say);
    yield* policy(known, plain, say);
  }
  yield* occasions(known, say);
  yield* reach(site, known, question, say);
  if (known.some(({how}) => how === 'program')) {
    const when = site.token.key === 'RUN' ? 'that runs after all rules' : 'that is run to ask it something';
    yield say(
      'memory/run-writes-state',
      `the state is written by a program ${when}: it can fail without anybody noticing, and costs a process ` +
        `for each block`,
      'write ATTR{state}="…" in the rule itself',
    );
  }
}

/** The command can't write whatever guest it is: memory/no-shell and memory/no-path say so. */
function isAmiss({token: {key, value}}: Site): boolean {
  const argv = argvOf(value);
  return key !== 'ATTR' && (shellSigns(argv).length > 0 || !(argv[0] ?? '').startsWith('/'));
}

function* never(site: Site, {asked, unasked}: Question, say: Say): Generator<Finding> {
  const others = unasked(idOf(site.place));
  if (asked !== undefined && others.length > 0) {
    yield say(
      'memory/never',
      `no guest of ${asked} gets to this write; ${guestNames(others)} ${others.length === 1 ? 'does' : 'do'}`,
      'nothing, if it is meant for those alone',
      'info',
    );
    return;
  }
  const who =
    asked === undefined
      ? "no guest that distributions' rules tell apart gets to this write, whatever the block"
      : `no guest of ${asked} gets to this write, and none of the usual others does`;
  yield say('memory/never', who, 'look at the matches of the rule, and at the GOTOs above it');
}

function* guesses({hits}: Site, say: Say): Generator<Finding> {
  for (const source of new Set(hits.map((hit) => hit.from))) {
    if (source !== undefined)
      yield say(
        'memory/may-write',
        `writes what can't be known: ${source.replaceAll(`memory${BLOCK}`, 'memoryN')}`,
        'look there',
      );
  }
  for (const guess of new Set(hits.map((hit) => hit.guess))) {
    if (guess !== undefined)
      yield say(
        'memory/may-write',
        `may write to the state of blocks: ${guess.replaceAll(`memory${BLOCK}`, 'memoryN')}`,
        'look there; where it does not, nothing',
      );
  }
}

function* neverActs(hits: readonly Hit[], say: Say): Generator<Finding> {
  const late = hits.some(({action, acts}) => acts && action !== 'add');
  const onlyElse = hits.every(({guest}) => guest.policy !== 'offline');
  const why = onlyElse
    ? 'with the policy offline the rule leaves the block, and with another one the kernel has onlined it before'
    : 'each time the block is so already, or refuses the word';
  yield say(
    'memory/never-acts',
    `does nothing to a block that is plugged: ` +
      `${why}${late ? '; only "udevadm trigger" on a block that was left offline lets it act' : ''}`,
    'remove the rule, or its look at auto_online_blocks',
  );
}

function* words(hits: readonly Hit[], say: Say): Generator<Finding> {
  const of = (file: Hit['file']): Hit[] => hits.filter((hit) => hit.file === file);
  const refused = (some: readonly Hit[]): string[] =>
    [...new Set(some.flatMap(({value}) => value.values))].filter((word) => !stateWords.includes(word));
  const [wrong, switched] = [refused(of('state')), refused(of('online'))];
  if (wrong.length > 0)
    yield say(
      'memory/state-word',
      `the kernel takes no state "${wrong.join('", "')}" (EINVAL): the block stays as it is`,
      `write one of ${stateWords.join(', ')}`,
    );
  if (switched.length > 0)
    yield say(
      'memory/state-word',
      `the file online takes no "${switched.join('", "')}" (EINVAL): it wants 1 or 0, and looks at the first character`,
      'write "1", or a word for the state into the file state',
    );
  const lost = [...new Set(of('online').flatMap((hit) => hit.words))].filter((word) => /^online_/.test(word));
  if (lost.length > 0)
    yield say(
      'memory/zone-lost',
      `"${lost.join('", "')}" is a plain "online" in the file online: it is a switch, and begins with "on"`,
      'write it into the file state',
    );
  const off = writes(
    hits.filter(({action}) => action !== 'offline'),
    (value) => value === 'offline',
  );
  if (off.length > 0)
    yield say(
      'memory/offlines',
      `takes ${blocksOf(off)} offline on ${places(off)}`,
      'remove it, unless memory shall vanish whenever udevd sees it',
    );
}

/** Which blocks, in words. */
function blocksOf(hits: readonly Hit[]): string {
  const names = [...new Set(hits.map(({block}) => block.name))];
  return names.some((name) => name === 'every block' || name === 'most blocks') ? 'memory blocks' : names.join(', ');
}

function* zones(added: readonly Hit[], say: Say): Generator<Finding> {
  const kernel = writes(added, (value) => value === 'online' || value === 'online_kernel');
  if (kernel.length > 0) {
    yield say(
      'memory/non-movable',
      `plugged memory goes to a kernel zone (mostly Normal) on ${places(kernel)}: the kernel's own data may ` +
        `end up in it, and then it can't be unplugged`,
      'write online_movable; where a lot of memory is plugged into a small guest, leave it to the kernel ' +
        'with online_policy=auto-movable',
    );
  }
  const movable = writes(added, (value) => value === 'online_movable');
  if (movable.length > 0) {
    yield say(
      'memory/order-trap',
      `kernels before 4.13 take online_movable only next to a Movable zone, and udevd onlines blocks in no ` +
        `certain order: some blocks stay offline there (${places(movable)})`,
      'fine with a newer kernel; with an older one online by hand or a script, from the highest block down',
    );
  }
}

function* guards({hits}: Site, added: readonly Hit[], {guests}: Question, say: Say): Generator<Finding> {
  const on = (virt: string, arch: string): Hit[] =>
    writes(added, onlines).filter(({guest}) => guest.virt === virt && guest.arch === arch);
  const asked = (arch: string): boolean =>
    new Set(guests.map((guest) => guest.arch)).size > 1 && guests.some((guest) => guest.arch === arch);
  const word = (some: readonly Hit[]): string => JSON.stringify(some[0]?.value.values ?? '');
  const [virtual, bare] = [on('kvm', 'x86-64'), on('none', 'x86-64')];
  if (virtual.length > 0 && bare.length > 0 && word(virtual) === word(bare)) {
    yield say(
      'memory/no-virt-guard',
      'does the same in virtual machines and on bare metal, where unplug and ballooning want different zones',
      'tell them apart with CONST{virt}=="none" (systemd 244 and newer)',
    );
  }
  const certain = (some: readonly Hit[]): boolean =>
    some.some((hit) => hit.certain === 'yes') || (some.length > 0 && !hits.some((hit) => hit.certain === 'yes'));
  const [z, power] = [on('kvm', 's390x'), on('kvm', 'ppc64-le')];
  if (asked('s390x') && certain(z)) {
    yield say(
      'memory/no-arch-guard',
      `onlines on ${places(z)} too: memory that is offline there is held in reserve for its owner`,
      'put CONST{arch}=="s390*", GOTO="…" above it',
    );
  } else if (asked('ppc64-le') && certain(power)) {
    yield say(
      'memory/no-arch-guard',
      `onlines on ${places(power)} too, where drmgr onlines plugged memory itself`,
      'put CONST{arch}=="ppc64*", GOTO="…" above it',
      'info',
    );
  }
}

function* occasions(hits: readonly Hit[], say: Say): Generator<Finding> {
  const undone = writes(
    hits.filter(({action}) => action === 'offline'),
    onlines,
  );
  const triggered = writes(
    hits.filter(({action}) => action === 'change'),
    onlines,
  );
  if (undone.length > 0) {
    yield say(
      'memory/undoes-offline',
      `a block that somebody sets offline is set online again by the event that this causes, on ${places(undone)}`,
      'add ACTION=="add" to the rule',
    );
  } else if (triggered.length > 0) {
    yield say(
      'memory/any-action',
      `"udevadm trigger" onlines blocks that somebody left offline, on ${places(triggered)}`,
      'add ACTION=="add" to the rule',
    );
  }
}

function* policy(hits: readonly Hit[], plain: readonly Hit[], say: Say): Generator<Finding> {
  const ignored = writes(plain, onlines).filter(({certain}) => certain === 'yes');
  if (ignored.length > 0)
    yield say(
      'memory/ignores-policy',
      `onlines although auto_online_blocks is offline, on ${places(ignored)}`,
      RESPECT,
    );
  const raced = writes(
    hits.filter(({action, guest, again}) => action === 'add' && guest.policy !== 'offline' && !again),
    onlines,
  );
  if (raced.length === 0) return;
  const policies = [...new Set(raced.map(({guest}) => guest.policy))];
  const refused = raced.some(({file}) => file === 'state') ? 'it is refused (EINVAL) and logged' : 'it changes nothing';
  yield say(
    'memory/kernel-first',
    `with auto_online_blocks ${policies.join(', ')} the kernel has onlined the block before the rule's ` +
      `write gets through: ${refused}, and the kernel's zone stays`,
    'where the policy does what you want, the rule is not needed; where not, set the policy to offline',
  );
}

function* reach(site: Site, hits: readonly Hit[], {elsewhere, blocks}: Question, say: Say): Generator<Finding> {
  const guest = hits[0]?.guest;
  if (!guest) return;
  const id = idOf(site.place);
  const again = hits.filter(
    (hit) =>
      hit.guest === guest &&
      hit.again &&
      hit.certain === 'yes' &&
      hit.file === 'state' &&
      hit.value.values.some(onlines),
  );
  if (again.length > 0) {
    yield say(
      'memory/unconditional',
      'writes without a look at the state: a block that is online already refuses it, and udevd logs an error for each',
      'add ATTR{state}=="offline" to the rule',
    );
  }
  const other = elsewhere(guest)
    .filter(({sites}) => sites.has(id))
    .map(({action}) => action);
  if (other.length > 0)
    yield say(
      'memory/other-devices',
      `is not for memory alone: the state of other devices (of SCSI, for one) is written too, on ` +
        other.join(' and '),
      'add SUBSYSTEM=="memory" to the rule',
    );
  const fires = blocks.filter((block) => hits.some((hit) => hit.block === block));
  if (fires.length < blocks.length) {
    yield say(
      'memory/some-blocks',
      `fires for some blocks only (${fires.map(({name}) => name).join(', ')}): the others stay as they are`,
      'match KERNEL=="memory[0-9]*", or leave KERNEL out',
    );
  }
}

export {isForMemory} from '../follow/concerns.ts';
