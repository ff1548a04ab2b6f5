import fc from 'fast-check';

/** Rules that matter for memory blocks, of the parts of which people make theirs: udevd takes all of them. */

const state = fc.constantFrom(
  'ATTR{state}=="offline"',
  'ATTR{state}=="online"',
  'ATTR{state}!="online"',
  'ATTR{online}=="0"',
  'ATTR{online}=="1"',
);
const block = fc.constantFrom(
  'KERNEL=="memory*[02468]"',
  'KERNEL=="memory3?"',
  'KERNEL=="memory4[0-6]"',
  'KERNEL!="memory47|memory32"',
  'DEVPATH=="*/memory46"',
);
const machine = fc.constantFrom(
  'CONST{arch}=="x86-64"',
  'CONST{arch}=="s390*"',
  'CONST{virt}=="none"',
  'CONST{virt}!="none"',
  'CONST{virt}=="qemu|kvm"',
  'ATTRS{auto_online_blocks}=="offline"',
  'ATTR{[dmi/id]sys_vendor}=="Xen"',
  'ATTR{[dmi/id]sys_vendor}=="QEMU"',
);
const program = fc.constantFrom(
  'PROGRAM=="/bin/true"',
  'PROGRAM=="/bin/false"',
  'PROGRAM!="/bin/false"',
  'PROGRAM=="true"',
  'PROGRAM=="/bin/sh -c \'exit 3\'"',
  'PROGRAM=="/usr/bin/systemd-detect-virt", RESULT=="none"',
  'PROGRAM=="/usr/bin/systemd-detect-virt", RESULT!="none"',
  'PROGRAM=="/bin/uname -m", RESULT=="x86*"',
  'PROGRAM=="/bin/echo %k", RESULT=="memory4*"',
  'PROGRAM=="/bin/echo one two", RESULT=="one"',
);
const property = fc.constantFrom(
  'ENV{.seen}=="1"',
  'ENV{.seen}!="1"',
  'ENV{.word}=="?*"',
  'ENV{.word}!="online*"',
  'ENV{SUBSYSTEM}=="memory"',
  'TEST=="state"',
  'TEST!="nosuch"',
);

/** In one of so many rules. */
const sometimes = (often: number, one: fc.Arbitrary<string>): fc.Arbitrary<string | null> =>
  fc.oneof({weight: often - 1, arbitrary: fc.constant(null)}, {weight: 1, arbitrary: one});

/** Few, or the rules would hardly ever do anything. */
const matches = fc
  .tuple(sometimes(4, block), sometimes(2, state), sometimes(6, machine), sometimes(5, property), sometimes(5, program))
  .map((all) => all.filter((one) => one !== null));

const onlineWord = fc.constantFrom(
  'online',
  'online_kernel',
  'online_movable',
  'online_movable',
  'Online',
  '$env{.word}',
);
const switchWord = fc.constantFrom('1', 'y', 'on', 'online_movable', 'true', 'yes please', '2');

const online = fc.oneof(
  {weight: 5, arbitrary: onlineWord.map((word) => `ATTR{state}="${word}"`)},
  {weight: 2, arbitrary: switchWord.map((word) => `ATTR{online}="${word}"`)},
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('online', 'online_movable', 'online_kernel')
      .map((word) => `RUN+="/bin/sh -c 'echo ${word} >/sys$devpath/state'"`),
  },
  {weight: 1, arbitrary: fc.constant('RUN+="/bin/sh -c \'echo 1 >/sys%p/online\'"')},
  {weight: 1, arbitrary: fc.constant('RUN+="/bin/echo online >/sys%p/state"')},
  {weight: 1, arbitrary: fc.constant('RUN="/bin/true"')},
);
/** Only to what is taken back out of Movable for sure. */
const offline = fc.constantFrom(
  'ATTR{state}="offline"',
  'ATTR{online}="0"',
  'ATTR{online}="offline"',
  'RUN+="/bin/sh -c \'echo offline >/sys$devpath/state\'"',
);
const remember = fc.constantFrom(
  'ENV{.seen}="1"',
  'ENV{.word}="online"',
  'ENV{.word}="online_movable"',
  'ENV{.word}="$env{.word}_movable"',
);
const leave = fc.constantFrom('GOTO="end"', 'GOTO="middle"');

const rule = (assignment: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(matches, fc.uniqueArray(assignment, {minLength: 1, maxLength: 2}))
    .map(([some, then]) =>
      [
        ...some,
        ...then.filter((one) => !one.startsWith('GOTO')),
        ...then.filter((one) => one.startsWith('GOTO')).slice(0, 1),
      ].join(', '),
    );

const rules = (assignment: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
  fc.array(rule(assignment), {minLength: 1, maxLength: 3});

/** A file whose rules are for `add` alone, and may take blocks offline too. */
const forAdd = rules(
  fc.oneof(
    {weight: 5, arbitrary: online},
    {weight: 1, arbitrary: offline},
    {weight: 3, arbitrary: remember},
    {weight: 1, arbitrary: leave},
  ),
);
/** One whose rules are for every event: they take nothing offline, or udevd would never come to rest. */
const forAny = rules(
  fc.oneof({weight: 5, arbitrary: online}, {weight: 3, arbitrary: remember}, {weight: 1, arbitrary: leave}),
);

const guards = {
  add: 'SUBSYSTEM!="memory", GOTO="end"\nACTION!="add", GOTO="end"',
  any: 'SUBSYSTEM!="memory", GOTO="end"',
};

/** A rule file about memory blocks. */
export const memoryRules: fc.Arbitrary<string> = fc
  .oneof(
    {weight: 4, arbitrary: fc.tuple(fc.constant(guards.add), forAdd, forAdd)},
    {weight: 1, arbitrary: fc.tuple(fc.constant(guards.any), forAny, forAny)},
  )
  .map(([guard, before, after]) => `${[guard, ...before, 'LABEL="middle"', ...after, 'LABEL="end"'].join('\n')}\n`);

/** So many files of a seed, none twice; the same ones for the same seed. */
export function generatedRules(seed: number, count: number): string[] {
  const found = new Set<string>();
  for (const text of fc.sample(memoryRules, {seed, numRuns: count * 4})) if (found.size < count) found.add(text);
  return [...found];
}
