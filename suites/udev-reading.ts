// Does our reading of rule files agree with what the guest's own tools say of them?
import {conformance} from '../lib/conformance/runner/case.ts';
import {readEffect, readRules} from '../lib/conformance/udev/reading.ts';
import {addRule, profiles} from '../lib/conformance/udev/rules.ts';
import {complaintsOf, ownComplaints, testAdd} from '../lib/conformance/udev/verify.ts';

/** Each has at least one line that udevd minds, and one that it doesn't. */
const BROKEN: Readonly<Record<string, string>> = {
  '50-unbalanced.rules': 'SUBSYSTEM=="memory", ATTR{state}="online\nSUBSYSTEM=="memory", ENV{X}="1"',
  '50-unknown-key.rules': '# a comment\nSUBSYSTEM=="memory", COLOUR=="green"\nSUBSYSTEM=="memory", ENV{X}="1"',
  '50-goto.rules': 'SUBSYSTEM=="memory", GOTO="nowhere"\nSUBSYSTEM=="memory", GOTO="here"\nLABEL="here"',
  '50-braces.rules': 'SUBSYSTEM=="memory", ATTR=="x", ENV{X}="1"\nSUBSYSTEM=="memory", \\\n  ENV{X}="1", KERNEL="x"',
  '50-operator.rules': 'SUBSYSTEM=="memory", ACTION+="add", ENV{X}="1"\nSUBSYSTEM=="memory", ENV{X}+="1"',
};

conformance(
  'udev/verify',
  {
    title: "The guest's udev minds the same lines of its own rule files, and of broken ones, as our parser",
    claims: ['udev/verify', 'udev/lint'],
    needs: ['memory-hotplug', 'command:udevadm', 'command:systemctl'],
  },
  async ({t, guest}) => {
    for (const [file, text] of Object.entries(BROKEN)) await addRule(guest, '/etc', file, text);
    const reading = await readRules(guest);
    const complaints = await complaintsOf(guest, reading, guest.firstBlock.name);
    t.fact('rulesJudgedBy', complaints.judge);
    t.is(
      ownComplaints(reading, complaints),
      complaints.places,
      'lines that our parser minds',
      `${complaints.judge} of the guest minds these, in ${reading.files.length} files`,
    );
    t.is(
      new Set(complaints.places.map((place) => place.replace(/:\d+$/, ''))).size,
      Object.keys(BROKEN).length,
      'files that it minds',
      "the broken ones, and none of the guest's own",
    );
  },
);

conformance(
  'udev/test',
  {
    title:
      "For each distribution's rules, udevadm test writes to an offline block what our reading says, really " +
      'so before systemd 256',
    claims: ['udev/verify'],
    needs: ['device:dimm', 'command:udevadm', 'command:systemctl'],
  },
  async ({t, guest}) => {
    await guest.setPolicy('offline');
    const dimm = await guest.plugDimm({size: guest.inBlocks(profiles.length)}, {settle: true});
    const writes = (await readRules(guest)).systemd < 256;
    for (const [i, {name, directory, file, rules}] of profiles.entries()) {
      const block = guest.block(dimm.blockIds[i] ?? 0);
      await addRule(guest, directory.startsWith('/etc/') ? '/etc' : '/usr/lib', file, rules.trimEnd());
      const wanted = readEffect(await readRules(guest), 'offline', block.name).outcome.filter(
        (word) => word !== 'unchanged',
      );
      const said = await testAdd(guest, block.name);
      t.is(
        said.map((one) => one.split(' ')[1]),
        wanted,
        `${name}: what udevadm test says that is written`,
        'the words that our evaluator gets from the files',
      );
      t.is(
        block.state,
        writes && wanted.length > 0 ? 'online' : 'offline',
        `${name}: the block's state afterwards`,
        writes
          ? 'before systemd 256 udevadm test does write attributes'
          : 'since systemd 256 udevadm test writes nothing',
      );
      await guest.sh(`rm ${directory}/${file} && udevadm settle`);
    }
  },
);
