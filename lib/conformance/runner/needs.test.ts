import test from 'ava';
import type {GuestFacts} from '../../machine/bring-up.ts';
import {amd64} from '../../machine/board/amd64.ts';
import {arm64} from '../../machine/board/arm64.ts';
import {guestBoard} from '../../machine/board/board.ts';
import {gib} from '../../util/size.ts';
import {absentNeed, type Need} from './needs.ts';

const around = {board: guestBoard(amd64, gib(1)), vmm: {name: 'qemu', version: '7.2.22'}, accel: 'tcg'} as const;
const facts: GuestFacts = {
  kernel: '6.1.0-56-amd64',
  os: 'Debian',
  config: {CONFIG_MEMORY_HOTPLUG: 'y', CONFIG_ACPI_HOTPLUG_MEMORY: 'y'},
  commands: ['bash'],
  shell: 'ssh',
};

for (const [need, given, reason] of [
  ['memory-hotplug', {}, undefined],
  ['memory-hotplug', {config: {}}, /without CONFIG_MEMORY_HOTPLUG/],
  ['device:dimm', {}, undefined],
  ['device:dimm', {config: {CONFIG_MEMORY_HOTPLUG: 'y'}}, /without CONFIG_ACPI_HOTPLUG_MEMORY/],
  ['device:virtio-mem', {}, /without CONFIG_VIRTIO_MEM/],
  ['device:balloon', {}, /without CONFIG_VIRTIO_BALLOON/],
  ['device:balloon', {config: {CONFIG_VIRTIO_BALLOON: 'm'}}, undefined],
  ['acpi', {}, undefined],
  ['vmm:qemu', {}, undefined],
  ['vmm:xen' as Need, {}, /runs in qemu; this is about xen/],
  ['memory-hotremove', {}, /without CONFIG_MEMORY_HOTREMOVE/],
  ['memory-hotremove', {config: null}, undefined], // no config at hand: the case itself will show
  ['numa', {}, /without CONFIG_NUMA/],
  ['kprobes', {}, /without CONFIG_KPROBE_EVENTS/],
  ['kprobes', {config: {CONFIG_KPROBE_EVENTS: 'y'}}, undefined],
  ['port-shell', {shell: 'virtio'}, undefined],
  ['port-shell', {}, /by ssh/],
  ['kernel-config', {}, undefined],
  ['kernel-config', {config: null}, /no copy of its kernel's config/],
  ['config:CONFIG_CMA', {}, /without CONFIG_CMA/],
  ['command:bash', {}, undefined],
  ['command:perl', {}, /no command perl/],
  ['kernel>=5.15', {}, undefined],
  ['kernel>=6.2', {}, /older than 6\.2/],
  ['kernel<6.1', {}, /not older than 6\.1/],
  ['kernel<6.2', {}, undefined],
  ['config:CONFIG_CMA|CONFIG_MEMORY_HOTPLUG', {}, undefined],
  ['config:CONFIG_CMA|CONFIG_ZSMALLOC', {}, /CONFIG_CMA.*CONFIG_ZSMALLOC/],
  ['arch:amd64', {}, undefined],
  ['arch:arm64', {}, /is amd64; this is about arm64/],
  ['qemu>=7.2', {}, undefined],
  ['qemu>=8.1', {}, /QEMU 7\.2\.22 is older than 8\.1/],
  ['qemu<7', {}, /not older than 7/],
  ['live-migration', {}, /QEMU under TCG loses what a guest writes/],
  ['host-hugepages:4711x2', {}, /fewer than 2 free huge pages of 4711 KiB/],
] satisfies [Need, Partial<GuestFacts>, RegExp | undefined][]) {
  test(`${need} of ${JSON.stringify(given)}: ${reason ? `absent, ${reason.source}` : 'there'}`, (t) => {
    const said = absentNeed([need], {facts: {...facts, ...given}, ...around});
    if (reason) t.regex(said ?? '', reason);
    else t.is(said, undefined);
  });
}

test('a guest that runs can be migrated by KVM', (t) => {
  t.is(absentNeed(['live-migration'], {facts, ...around, accel: 'kvm'}), undefined);
});

test('a block that two zones share is there where the lowest zone ends inside of one', (t) => {
  t.is(absentNeed(['mixed-block'], {facts, ...around}), undefined);
  t.is(
    absentNeed(['mixed-block'], {facts, ...around, board: guestBoard(arm64, gib(1))}),
    'on arm64 no block of boot memory is shared by zones',
  );
});

test('a case about kernels without an option is skipped where it is built in, or where nobody knows', (t) => {
  const lacks = (config: Record<string, string> | null): string | undefined =>
    absentNeed(['lacks:CONFIG_X'], {...around, facts: {...facts, config}});
  t.is(lacks({}), undefined);
  t.is(lacks({CONFIG_X: 'm'}), "the guest's kernel is built with CONFIG_X");
  t.is(lacks(null), "the guest keeps no copy of its kernel's config");
});

test('a device that QEMU has no model of is absent, in a sentence', (t) => {
  const having = (models: string[]): string | undefined =>
    absentNeed(['device:dimm'], {facts, ...around, vmm: {...around.vmm, models}});
  t.is(having(['pc-dimm']), undefined);
  t.is(having(['virtio-balloon-pci']), 'this QEMU has no pc-dimm');
});

test('the first need that is absent is the reason', (t) => {
  t.regex(absentNeed(['command:bash', 'command:perl', 'numa'], {facts, ...around}) ?? '', /perl/);
});

test('an unknown need is an error, not a skip', (t) => {
  t.throws(() => absentNeed(['luck' as Need], {facts, ...around}), {message: /unknown need "luck"/});
});

test('nodes that the kernel has given up are not there; where it was not asked, or has them all, they are', (t) => {
  const two = {...around, nodes: 2};
  const numa = {...facts, config: {CONFIG_NUMA: 'y'}};
  t.regex(
    absentNeed(['numa'], {...two, facts: {...numa, nodes: '0'}}) ?? '',
    /has 2 NUMA nodes.* given them up.* are 0$/,
  );
  t.is(absentNeed(['numa'], {...two, facts: numa}), undefined);
  for (const nodes of ['0-1', '0,5', '0-31'])
    t.is(absentNeed(['numa'], {...two, facts: {...numa, nodes}}), undefined, nodes);
});
