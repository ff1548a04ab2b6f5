// Why the board takes cmpxchg16b from a guest: docs/findings/wrong-flags.md, held against the QEMU that is here.
import {mkdtempSync} from 'node:fs';
import {readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {findQemu} from '../vmm/qemu/binary.ts';
import {sandboxArgs} from '../vmm/qemu/confinement.ts';
import {amd64} from './board/amd64.ts';

/**
 * A boot sector: compares 0 with 0x828bd090, does a cmpxchg8b of zeros that are equal, pushes the flags and writes them
 * to port 0xe9 in hexadecimal, then ends QEMU by isa-debug-exit. cmpxchg8b has the code of cmpxchg16b, and needs no
 * long mode.
 */
const SECTOR = `31c08ed8bc007066b990d08b826631d2669c669deb006639ca0fc70e0060669c665b\
b9080066c1c30488d8240f04303c3a72020427e6e9e2ecb000e6f4f4`;
/** What a CPU has: the comparison's carry, cmpxchg8b's zero, the bit that is always 1, and interrupts. */
const RIGHT = '00000243';

const dir = mkdtempSync(join(tmpdir(), 'memhp-flags-'));
test.after.always('remove the boot sector', () => rm(dir, {recursive: true, force: true}));

test('QEMU computes the flags of cmpxchg8b as a CPU does, or memhp takes cmpxchg16b from its guests', async (t) => {
  const qemu = await findQemu(process.env['MEMHP_QEMU'] ?? amd64.qemu);
  const [image, said] = [join(dir, 'sector.img'), join(dir, 'said')];
  await writeFile(
    image,
    Buffer.concat([Buffer.from(SECTOR, 'hex'), Buffer.alloc(510 - SECTOR.length / 2), Buffer.from('55aa', 'hex')]),
  );
  await execa(
    qemu.path,
    [
      ...sandboxArgs,
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-accel',
      'tcg',
      '-cpu',
      'max',
      '-drive',
      `file=${image},format=raw,snapshot=on`,
      '-chardev',
      `file,id=said,path=${said}`,
      '-device',
      'isa-debugcon,iobase=0xe9,chardev=said',
      '-device',
      'isa-debug-exit,iobase=0xf4,iosize=1',
    ],
    {timeout: 60_000, reject: false},
  );
  const flags = (await readFile(said, 'utf8')).trim();
  t.regex(flags, /^[0-9a-f]{8}$/);
  t.is(flags !== RIGHT, amd64.cpu('tcg', qemu.version).includes('cx16=off'), `QEMU ${qemu.version}: ${flags}`);
});
