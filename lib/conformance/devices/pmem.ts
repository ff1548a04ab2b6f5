import type {MemoryDevice} from '../../vmm/vmm.ts';
import {findDevice} from '../../vmm/qemu/devices/dimm.ts';
import type {GuestBoard} from '../../machine/board/board.ts';
import {STRUCT_PAGE} from '../expected/memmap.ts';
import {Broken} from '../../util/errors.ts';
import {exactNumber} from '../../util/number.ts';
import {bytes, formatSize, kib, parseSize, type Bytes} from '../../util/size.ts';
import {clean} from '../../util/text.ts';
import type {MemoryBlock} from '../guest/block.ts';
import {blocksIn, blocksOf} from '../expected/device-blocks.ts';
import type {QemuAnswer} from '../guest/access.ts';
import type {CaseGuest} from '../guest/guest.ts';

const [ND, DAX] = ['/sys/bus/nd', '/sys/bus/dax'];
/** What the namespace keeps in front of its memory map; newer kernels 128 KiB less, which is less than a huge page. */
const LABEL = kib(136);

/** Lets go of it: a driver has it by an id that was written to it, or because it takes any (device_dax). */
const leave = (driver: string): string =>
  `cd ${DAX}/drivers/${driver}; echo dax0.0 >remove_id; echo dax0.0 >unbind; [ ! -e ${DAX}/devices/dax0.0/driver ]`;

const join = (driver: string): string => `echo dax0.0 >${DAX}/drivers/${driver}/new_id
  case $(readlink ${DAX}/devices/dax0.0/driver) in
    */${driver}) ;;
    *) echo "${driver} has not taken it" >&2; false ;;
  esac`;

/** A virtio-pmem device. Its only namespace is a character device (devdax), which the kernel can use as RAM. */
export class PersistentMemory {
  readonly device: MemoryDevice;
  /** Bytes that the guest's dax device has: what is left beside its label and its memory map. */
  readonly dax: {readonly address: Bytes; readonly size: Bytes};
  readonly #guest: CaseGuest;

  constructor(guest: CaseGuest, device: MemoryDevice, dax: PersistentMemory['dax']) {
    this.#guest = guest;
    this.device = device;
    this.dax = dax;
  }

  /**
   * Ids of the blocks that can be made of it: those that lie wholly in its dax device. Source: dax_kmem_range() in
   * drivers/dax/kmem.c.
   */
  get blockIds(): number[] {
    return blocksOf(this.dax, this.#guest.blockSize);
  }

  /** Its memory blocks, ascending, as last observed. */
  get blocks(): MemoryBlock[] {
    return blocksIn(this.device, this.#guest.now).map((id) => this.#guest.block(id));
  }

  /** States and zones of its blocks in short, ascending: `Movable`, or `offline`. */
  get zones(): string[] {
    return this.blocks.map(({state, validZones}) => (state === 'online' ? validZones.join(' ') : state));
  }

  /** Names of the ranges of System RAM in it, as last observed. Source: /proc/iomem. */
  get ramNames(): string[] {
    const {address, size} = this.device;
    return this.#guest.now.iomem
      .filter(({name, start, end}) => name.startsWith('System RAM') && address <= start && end <= address + size)
      .map(({name}) => name);
  }

  /**
   * Takes it from device_dax and gives it to kmem, which adds its blocks, as `daxctl reconfigure-device
   * --mode=system-ram` does. A step. Ends the case where the guest refuses.
   */
  async useAsRam(): Promise<void> {
    await this.#must('let kmem make RAM of it', `${leave('device_dax')}\n${join('kmem')}`);
  }

  /** Takes it from kmem again, which removes the blocks if all of them are offline. A step. */
  async release(): Promise<void> {
    await this.#must('take it from kmem', leave('kmem'));
  }

  /** Gives it to device_dax again, which had it first: its memory can be a character device's. A step. */
  async useAsDevice(): Promise<void> {
    await this.#must('let device_dax have it', join('device_dax'));
  }

  /** Writes a word to the state of each of its blocks, as one step. Ends the case where one is refused. */
  async write(word: string): Promise<void> {
    await this.#must(
      `write ${word} to the state of its blocks`,
      this.blocks.map(({name}) => `echo ${word} >/sys/devices/system/memory/${name}/state`).join('\n'),
    );
  }

  /** Asks QEMU to take it out. A step. */
  tryUnplug(): Promise<QemuAnswer> {
    return this.#guest.step(`unplug ${this.device.id}`, () =>
      this.#guest.tryQemu(() => this.#guest.qmp.execute('device_del', {id: this.device.id})),
    );
  }

  async #must(what: string, script: string): Promise<void> {
    const {status, stdout, stderr} = await this.#guest.step(`${this.device.id}: ${what}`, () =>
      this.#guest.trySh(`set -e\n${script}`),
    );
    this.#guest.session.checks.require(
      {status, errors: clean(stderr, 500).trim()},
      {status: 0, errors: ''},
      `${this.device.id}: ${what}`,
      stdout === '' ? undefined : clean(stdout, 200),
    );
  }
}

/**
 * Plugs a virtio-pmem device into port0, and lets the guest make a character device (devdax) of its namespace, as
 * `ndctl create-namespace --mode=devdax` does. Two steps. Needs `config:CONFIG_VIRTIO_PMEM` and
 * `config:CONFIG_DEV_DAX_KMEM`.
 */
export async function plugPmem(guest: CaseGuest, spec: {id: string; size: string}): Promise<PersistentMemory> {
  const {id, size: wanted} = spec;
  await guest.step(`plug ${id}, ${wanted} of virtio-pmem`, async () => {
    // A file: when the guest flushes what it wrote, QEMU calls fsync(2) for the backend's, and reports EIO without one.
    await guest.qmp.execute('object-add', {
      'qom-type': 'memory-backend-memfd',
      id: `mem-${id}`,
      size: parseSize(wanted),
      share: true,
    });
    await guest.qmp.execute('device_add', {driver: 'virtio-pmem-pci', id, memdev: `mem-${id}`, bus: 'port0'});
    await guest.sh(
      `until [ -e ${ND}/devices/namespace0.0/driver ] && [ -e ${ND}/devices/dax0.0 ]; do :; done; udevadm settle`,
    );
  });
  const out = await guest.step(`${id}: make a dax device of its namespace`, () =>
    guest.sh(`
    set -e
    modprobe -a dax_pmem device_dax kmem
    cd ${ND}/devices
    echo namespace0.0 >${ND}/drivers/nd_pmem/unbind
    cat /proc/sys/kernel/random/uuid >dax0.0/uuid
    echo ${guest.board.pageblock} >dax0.0/align
    echo pmem >dax0.0/mode
    echo namespace0.0 >dax0.0/namespace
    echo dax0.0 >${ND}/drivers/dax_pmem/bind
    until [ -e ${DAX}/devices/dax0.0 ]; do :; done
    cat ${DAX}/devices/dax0.0/resource ${DAX}/devices/dax0.0/size`),
  );
  const [, address = '', size = ''] = /^0x([0-9a-f]+)\n(\d+)\n$/.exec(out) ?? [];
  if (size === '')
    throw new Broken(`the guest tells of its dax device "${clean(out, 200)}", and not where it is and how large`);
  const device = await findDevice(guest.qmp, id);
  const dax = {
    address: bytes(exactNumber(address, 'a dax device', 16)),
    size: bytes(exactNumber(size, 'a dax device')),
  };
  guest.session.checks.require(
    dax,
    daxOf(device, guest.board),
    `where the dax device of ${id} is`,
    `behind its label and 64 bytes of memory map for each page, at a multiple of ` +
      `${formatSize(guest.board.pageblock)}, up to the end ` +
      'of the device: nd_pfn_init() of drivers/nvdimm/pfn_devs.c',
  );
  return new PersistentMemory(guest, device, dax);
}

/**
 * Which part of a device its dax device has, from a multiple of a huge page on: what is left beside its label and its
 * memory map.
 */
function daxOf(
  {address, size}: Pick<MemoryDevice, 'address' | 'size'>,
  {page, pageblock}: Pick<GuestBoard, 'page' | 'pageblock'>,
): PersistentMemory['dax'] {
  const map = Math.floor((size - LABEL) / page) * STRUCT_PAGE;
  const start = Math.ceil((address + LABEL + map) / pageblock) * pageblock;
  return {address: bytes(start), size: bytes(address + size - start)};
}
