import test from 'ava';
import {ARCHES} from '../image/image.ts';
import {argsOf} from './build-machine.ts';

for (const arch of ARCHES.filter((one) => one !== 'arm64'))
  // its firmware's files may not be on this host
  test(`a machine of ${arch} that builds has its disks in their order, no network, and no file for its RAM`, (t) => {
    const args = argsOf(
      {
        name: 'toy',
        arch,
        kernel: '/k',
        initrd: '/i',
        disks: [
          {path: '/a,b', format: 'qcow2'},
          {path: '/c', format: 'raw'},
        ],
        says: '',
        steps: [],
        consoleFile: '',
      },
      {version: '7.2.22'},
    );
    t.deepEqual(
      args.filter((_, i) => args[i - 1] === '-drive'),
      ['file=/a,,b,if=none,id=disk0,format=qcow2,discard=unmap', 'file=/c,if=none,id=disk1,format=raw,discard=unmap'],
    );
    t.regex(args.join(' '), /virtio-blk-\w+,drive=disk0 .*virtio-blk-\w+,drive=disk1$/);
    t.notRegex(args.join(' '), /-netdev|memory-backend-file|fw_cfg|,share=/);
    t.is(args[args.indexOf('-kernel') + 1], '/k');
  });
