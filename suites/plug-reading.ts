// What a block says while its DIMM is still being added.
import {GiB} from '../lib/conformance/expected/units.ts';
import {conformance} from '../lib/conformance/runner/case.ts';

const [SEEN, OVER] = ['/run/memhp.read', '/run/memhp.over'];

/**
 * Reads a file of a block again and again, from the moment when it is there; prints whether the DIMM's last block was
 * there by then, each answer that is another one than before, and how the reader ended. A real-time priority lets it
 * read between two blocks of a DIMM, where there is one CPU.
 */
const readAgainAndAgain = (file: string, last: string): string => `
  { chrt -f 1 perl -e '$| = 1; print "ready\\n"; my $before = "";
    until (-e "${OVER}") {
      select undef, undef, undef, 0.0005;
      open my $file, "<", "/sys/devices/system/memory/${file}" or next;
      my $now = <$file> // next;
      print -e "/sys/devices/system/memory/${last}" ? "late\\n" : "early\\n" if $before eq "";
      print $now if $now ne $before;
      $before = $now;
    }'
    echo "status $?"
  } >${SEEN} 2>/dev/null &
  until [ -s ${SEEN} ]; do :; done`;

conformance(
  'plug/read-at-once',
  {
    title:
      'Whoever reads valid_zones of a block as soon as it is there reads what it says afterwards, and the ' +
      'kernel takes no harm',
    claims: ['linux/valid-zones/offline', 'linux/sysfs/block-files'],
    needs: ['device:dimm', 'command:perl'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const block = guest.block(guest.board.deviceMemory / guest.blockSize);
    await guest.sh(readAgainAndAgain(`${block.name}/valid_zones`, guest.block((5 * GiB) / guest.blockSize - 1).name));
    await guest.plugDimm({size: guest.inBlocks(8), address: guest.board.deviceMemory});
    const read = await guest.sh(`: >${OVER}; until grep -q ^status ${SEEN}; do :; done; cat ${SEEN}`);
    t.is(
      read.trim().split('\n'),
      ['ready', 'early', guest.view(block.id).validZones.join(' '), 'status 0'],
      `what valid_zones of ${block.name} said, and how its reader ended`,
      "it was read before the DIMM's last block was there, and says now what it said all the time, since " +
        'nobody has onlined the block; a reader that an oops has killed ends with status 137 (128 + SIGKILL)',
    );
  },
);
