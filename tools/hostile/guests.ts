import {observer} from '../../lib/guest/observer.ts';
import type {Outcome} from '../../lib/results/record.ts';
import {shellQuote} from '../../lib/util/text.ts';

/** A way in which a guest misbehaves, and what memhp must make of it. */
export interface HostileGuest {
  readonly name: string;
  /** For people: what it does. */
  readonly what: string;
  /** Run in the clone before memhp first looks at it; what it starts in the background goes on. */
  readonly script: string;
  readonly case: string;
  /** A hostile guest is never believed. */
  readonly outcome: Extract<Outcome, 'fail' | 'broken'>;
  /** In the reason. */
  readonly words: RegExp;
  /** Why this is the verdict. */
  readonly because: string;
  /** Limit of an answer in seconds where it never comes; otherwise memhp's own. */
  readonly seconds?: number;
}

const MEMORY = '/sys/devices/system/memory';
/** The first block of the first DIMM: it lies at 4 GiB, and blocks have 128 MiB. */
const FIRST = `${MEMORY}/memory32`;

/** Mounts a copy of a file, as it reads now, over it: what is read there never changes again. */
const still = (file: string): string => `cat ${file} >/run/hostile/copy; mount --bind /run/hostile/copy ${file}`;
/**
 * Does something, in perl, within half a millisecond after a file of the first block of a DIMM is there: memhp doesn't
 * wait for a program to start. The priority is a real-time one, since the guest has one processor, and others want it
 * at that moment too.
 */
const atFirst = (file: string, priority: number, action: string, ...args: readonly string[]): string =>
  `chrt -f ${priority} perl -e ` +
  (`${shellQuote(`select undef, undef, undef, 0.0005 until -e "${FIRST}/${file}"; ${action}`)} ` +
    `${args.map(shellQuote).join(' ')} >/dev/null 2>&1 &`);
/** Mounts a copy over a file of that block: the file as it reads then, or with another text. */
const stillAtFirst = (file: string, text = ''): string =>
  atFirst(
    file,
    1,
    String.raw`
  my ($file, $copy, $text) = @ARGV;
  open STDIN, '<', $file or die;
  $text ||= <STDIN>;
  open STDOUT, '>', $copy and print $text and close STDOUT or die;
  syscall(165, $copy, $file, 0, 4096, 0) == 0 or die; # mount, MS_BIND`,
    `${FIRST}/${file}`,
    '/run/hostile/copy',
    text,
  );
/** Puts another process in the place of the one that looks: the same program, which changes what it has read. */
const looking = (change: string): string =>
  `kill $memhp_looking; exec 6>"$memhp_asks/done"; perl -e ` +
  `${shellQuote(observer.replace('  for (my $from', `  ${change};\n$&`))} "$memhp_asks" 2>/dev/null &`;
/** Files that stand still while memory is onlined, and the comparison that sees it. */
const frozen: readonly (readonly [name: string, file: string, words: RegExp])[] = [
  ['meminfo', '/proc/meminfo', /MemTotal/],
  ['zoneinfo', '/proc/zoneinfo', /present pages|managed pages/],
  ['iomem', '/proc/iomem', /System RAM/],
  [
    'node-meminfo',
    '/sys/devices/system/node/node0/meminfo',
    /MemTotal is the sum of the zones' managed pages and of the nodes/,
  ],
  ['policy', `${MEMORY}/auto_online_blocks`, /memory32: valid_zones/],
];

/** Files of a new block; with the text to be mounted, where that isn't what the file reads then. */
const ofBlock: readonly (readonly [file: string, words: RegExp, text?: string])[] = [
  ['state', /state/],
  ['online', /state and online agree/],
  // reading it so early is an oops (docs/findings/valid-zones-at-once.md)
  ['valid_zones', /valid_zones/, 'Normal Movable\n'],
  ['phys_index', /phys_index/, '00000021\n'],
];

const SEEN = 'the other views of the same memory say otherwise';

export const hostileGuests: readonly HostileGuest[] = [
  ...frozen.map(([name, file, words]): HostileGuest => ({
    name: `mounted-over-${name}`,
    what: `a file that never changes is mounted over ${file}`,
    script: still(file),
    case: 'online/movable',
    outcome: 'fail',
    words,
    because: SEEN,
  })),
  ...ofBlock.map(([file, words, text]): HostileGuest => ({
    name: `mounted-over-${file.replace('_', '-')}`,
    what: `a file that never changes is mounted over ${file} of a new block`,
    script: stillAtFirst(file, text),
    case: 'online/movable',
    outcome: 'fail',
    words,
    because: SEEN,
  })),
  {
    name: 'flips-back',
    what: 'a process onlines every block that is offline, again and again',
    script: `{ while :; do echo online >${FIRST}/state; done; } >/dev/null 2>&1 &`,
    case: 'offline/state',
    outcome: 'fail',
    words: /memory32/,
    because: 'a block that was offlined is online when it is looked at',
  },
  {
    name: 'onlines-first',
    what: 'a process onlines a new block before anybody else',
    script: `{ until echo online >${FIRST}/state; do :; done; } >/dev/null 2>&1 &`,
    case: 'online/auto-offline',
    outcome: 'fail',
    words: /state and valid_zones of the DIMM's blocks/,
    because: 'the policy is offline, so that it must be offline',
  },
  {
    name: 'hostile-log',
    what: 'the kernel log says BUG, in HTML and control characters, and has the marks of an observation in it',
    script:
      `echo on >/proc/sys/kernel/printk_devkmsg; { printf '<6>\\033[2J\\033]0;x\\007\\n'; printf ` +
      (`'<6>@end\\n<6>@links\\n'; printf '<3>BUG: <script>document.title="\\033[31mred"</script><img src=x ` +
        `onerror=alert(1)>\\202\\n'; } | while IFS= read -r line; do printf '%s\\n' "$line" >/dev/kmsg; done`),
    case: 'online/movable',
    outcome: 'fail',
    words: /the kernel warns of nothing: seen \["BUG: <script>/,
    because: 'the log says BUG; what else it says is text, and nothing but text',
  },
  {
    name: 'clock-jumps',
    what: "the guest's clock jumps by years, to and fro, all the time",
    script: '{ while :; do date -s 2001-01-01; date -s 2037-01-01; sleep 0.05; done; } >/dev/null 2>&1 &',
    case: 'online/movable',
    outcome: 'broken',
    words: /the guest's clock was set while the case ran/,
    because: 'a case is about a guest in which nobody else works',
  },
  {
    name: 'stuck-task',
    what: 'whoever writes to the disk sleeps and is not to be woken (state D)',
    script: 'fsfreeze -f /',
    case: 'offline/migrates-disk',
    outcome: 'broken',
    words: /not within/,
    because: 'a guest that does not answer has said nothing',
    seconds: 8,
  },
  {
    name: 'made-up-zone',
    what: 'a new block says that it may go to a zone which there is not',
    script: stillAtFirst('valid_zones', 'Fantasy\n'),
    case: 'online/movable',
    outcome: 'fail',
    words: /valid_zones/,
    because: SEEN,
  },
  {
    name: 'truncating-shell',
    what: 'whatever an observation reads ends after 3,000 characters',
    script: looking('$text = substr $text, 0, 3000'),
    case: 'online/movable',
    outcome: 'broken',
    words: /the observation is cut/,
    because: 'half an answer says nothing',
  },
  {
    name: 'losing-shell',
    what: 'every ninth line that an observation reads is lost',
    script: looking('my $n; $text = join "", grep { ++$n % 9 } split /^/, $text'),
    case: 'online/movable',
    outcome: 'broken',
    words: /zoneinfo|meminfo|observation|kernel log/,
    because: 'half an answer says nothing',
  },
  {
    name: 'disk-full',
    what: 'the disk is full',
    script:
      'i=0; for size in 1G 64M 1M 4K; do while fallocate -l $size /var/tmp/fill.$((i += 1)) 2>/dev/null; do ' +
      ':; done; done; :',
    case: 'offline/migrates-disk',
    outcome: 'broken',
    words: /No space left on device/,
    because: 'the case could not write what it wants to see moved',
  },
  {
    name: 'run-full',
    what: 'there is no space in /run, where what a command says of its errors is kept',
    script:
      'fallocate -l $(df -k --output=avail /run | tail -n1)K /run/hostile/fill; cat /dev/zero ' +
      '>/run/hostile/rest 2>/dev/null; :',
    case: 'offline/unmovable-state',
    outcome: 'broken',
    words: /ended with status 1 and printed ""/,
    because: 'a refusal whose words are lost is none that can be judged',
  },
  {
    name: 'no-memory',
    what: 'huge pages take almost all of the memory',
    script: 'cd /proc/sys/vm; echo 99999 >nr_hugepages; sync; echo 3 >drop_caches; echo 99999 >nr_hugepages',
    case: 'online/movable',
    outcome: 'broken',
    words: /not within|port was closed/,
    because: 'a guest that does not answer has said nothing',
    seconds: 8,
  },
  {
    name: 'busy-realtime',
    what: 'a task of the highest real-time priority keeps every processor busy, and nothing is kept for others',
    script:
      `echo -1 >/proc/sys/kernel/sched_rt_runtime_us; for cpu in ` +
      `/sys/kernel/debug/sched/fair_server/cpu*; do echo 0 >$cpu/runtime; done; ${atFirst('state', 99, '1 while 1')}`,
    case: 'online/movable',
    outcome: 'broken',
    words: /not within/,
    because: 'a guest that does not answer has said nothing',
    seconds: 8,
  },
];
