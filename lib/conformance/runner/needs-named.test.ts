// What cases and devices ask of a guest's kernel is kept of its config: an option that isn't would be taken to be absent everywhere.
import test from 'ava';
import {CONFIG_OF_INTEREST} from '../../machine/bring-up.ts';
import {loadSuites} from '../../run/suites.ts';
import {kinds} from '../../vmm/qemu/devices/devices.ts';
import {isNeed} from './needs.ts';

test('every option of the kernel that a need or a device names is among those that are kept', async (t) => {
  const named = (await loadSuites()).flatMap(({needs = []}) =>
    needs.flatMap((need) => (need.startsWith('config:') ? need.slice('config:'.length).split('|') : [])),
  );
  t.true(named.length > 20);
  const all = [...named, ...kinds.flatMap(({config}) => config({virtio: 'pci', dimms: 'acpi'}))];
  t.deepEqual(
    all.filter((option) => !CONFIG_OF_INTEREST.test(option)),
    [],
  );
});

test('a need that nothing can ever meet is no need', (t) => {
  const wrong = ['vmm:qmeu', 'arch:amd46', 'command:pearl', 'device:nvdim', 'luck', 'kernel>'];
  t.deepEqual(
    wrong.filter((need) => isNeed(need)),
    [],
  );
  const right = ['vmm:qemu', 'arch:s390x', 'command:perl', 'device:dimm', 'acpi', 'kernel>=5.1', 'config:CONFIG_X'];
  t.deepEqual(
    right.filter((need) => !isNeed(need)),
    [],
  );
});
