import test from 'ava';
import {linted, leaving, type Texts} from '../fixtures.ts';
import {compareKernelNames} from './release.ts';

const V = '6.1.0-44-amd64';
const OLD = '5.10.0-30-amd64';
const kernels: Texts = {
  ...leaving,
  [`boot/vmlinuz-${OLD}`]: 'x',
  [`boot/config-${OLD}`]: leaving[`boot/config-${V}`] ?? '',
};
const own = (texts: Texts): string => {
  const {line, kernel} =
    linted({...kernels, ...texts}).kernel.line.from === undefined
      ? {line: undefined, kernel: undefined}
      : {line: linted({...kernels, ...texts}).kernel.line, kernel: linted({...kernels, ...texts}).kernel};
  const memory =
    line?.words
      .filter(({text}) => /memhp|movable/.test(text))
      .map(({text, place}) => `${text} ${place.path}:${place.line}`) ?? [];
  return [`${kernel?.release ?? 'none'}, ${line?.from ?? 'nowhere'}`, ...memory].join('; ');
};

const entry = (id: string, release: string, args: string): string =>
  `menuentry 'Debian ${release}' --class debian $menuentry_id_option '${id}' ` +
  `{\n\tlinux\t/boot/vmlinuz-${release} root=UUID=1 ro ${args}\n\tinitrd /boot/initrd.img-${release}\n}\n`;
const GRUB =
  `if [ "\${next_entry}" ] ; then\n   set default="\${next_entry}"\nelse\n   set ` +
  (`default="0"\nfi\nfunction load_video {\n  insmod ` +
    (`all_video\n}\n${entry('a', V, 'memhp_default_state=online')}submenu 'More' $menuentry_id_option 'more' ` +
      `{\n${entry('b', OLD, 'memhp_default_state=offline')}}\n`));
const BLS = (release: string, options: string): string =>
  `title Fedora ${release}\nversion ${release}\nlinux /vmlinuz-${release}\ninitrd ` +
  `/initramfs-${release}.img\noptions root=UUID=2\noptions ${options}\n`;

/**
 * What is read of each boot loader: the kernel that boots by itself, from where, and the parameters that are about
 * memory.
 */
const loaders: readonly [name: string, root: Texts, read: string][] = [
  [
    'GRUB: the first entry',
    {'boot/grub/grub.cfg': GRUB},
    `${V}, GRUB, boot/grub/grub.cfg:10; memhp_default_state=online boot/grub/grub.cfg:10`,
  ],
  [
    'GRUB: an entry within a menu, by number',
    {'boot/grub/grub.cfg': GRUB.replace('set default="0"', 'set default="1>0"')},
    `${OLD}, GRUB, boot/grub/grub.cfg:15; memhp_default_state=offline boot/grub/grub.cfg:15`,
  ],
  [
    'GRUB: the saved entry',
    {
      'boot/grub/grub.cfg': GRUB.replace('set default="0"', 'set default="${saved_entry}"'),
      'boot/grub/grubenv': '# GRUB Environment Block\nsaved_entry=b\n####',
    },
    `${OLD}, GRUB, boot/grub/grub.cfg:15; memhp_default_state=offline boot/grub/grub.cfg:15`,
  ],
  [
    'GRUB: a kernel by a link of Debian',
    {
      'boot/grub/grub.cfg': 'menuentry "x" {\n linux /vmlinuz root=/dev/vda movable_node\n}\n',
      vmlinuz: `-> boot/vmlinuz-${V}`,
    },
    `${V}, GRUB, boot/grub/grub.cfg:2; movable_node boot/grub/grub.cfg:2`,
  ],
  [
    'boot loader entries: the newest, with $kernelopts of grubenv',
    {
      [`boot/loader/entries/a-${V}.conf`]: BLS(V, '$kernelopts $tuned_params'),
      [`boot/loader/entries/a-${OLD}.conf`]: BLS(OLD, 'quiet'),
      'boot/grub2/grubenv': 'kernelopts=ro memhp_default_state=online_movable\n',
    },
    `${V}, boot loader entries, boot/loader/entries/a-${V}.conf:3; memhp_default_state=online_movable ` +
      `boot/grub2/grubenv:1`,
  ],
  [
    'boot loader entries: the saved one',
    {
      [`boot/loader/entries/a-${V}.conf`]: BLS(V, 'quiet'),
      [`boot/loader/entries/a-${OLD}.conf`]: BLS(OLD, 'movable_node'),
      'boot/grub2/grub.cfg': 'insmod blscfg\nblscfg\n',
      'boot/grub2/grubenv': `saved_entry=a-${OLD}\n`,
    },
    `${OLD}, boot loader entries, boot/loader/entries/a-${OLD}.conf:3; movable_node ` +
      `boot/loader/entries/a-${OLD}.conf:6`,
  ],
  [
    'systemd-boot: default by a pattern',
    {
      [`efi/loader/entries/a-${V}.conf`]: BLS(V, 'quiet'),
      [`efi/loader/entries/b-${OLD}.conf`]: BLS(OLD, 'movable_node'),
      'efi/loader/loader.conf': 'timeout 3\ndefault b-*\n',
    },
    `${OLD}, boot loader entries, efi/loader/entries/b-${OLD}.conf:3; movable_node efi/loader/entries/b-${OLD}.conf:6`,
  ],
  [
    'EXTLINUX: the default label',
    {
      'boot/extlinux.conf':
        `DEFAULT old\nLABEL new\n  LINUX vmlinuz-${V}\n  APPEND quiet\nLABEL old\n  LINUX ` +
        `vmlinuz-${OLD}\n  APPEND memhp_default_state=online\n`,
    },
    `${OLD}, EXTLINUX, boot/extlinux.conf:6; memhp_default_state=online boot/extlinux.conf:7`,
  ],
  [
    "kernel-install's command line, where there is no entry yet",
    {'etc/kernel/cmdline': 'root=/dev/vda\nmemhp_default_state=online -- memhp_default_state=offline\n'},
    `${V}, etc/kernel/cmdline; memhp_default_state=online etc/kernel/cmdline:2; memhp_default_state=offline ` +
      `etc/kernel/cmdline:2`,
  ],
  ['nothing', {}, 'none, nowhere'],
];

for (const [name, root, read] of loaders) {
  test(name, (t) => {
    t.is(own(root), read);
  });
}

test('what is behind -- is not for the kernel', (t) => {
  t.is(
    linted({...kernels, 'etc/kernel/cmdline': 'memhp_default_state=online -- memhp_default_state=offline'}).answer
      .plugged.fates[0]?.state,
    'online',
  );
});

test('a command line that the kernel was built with comes first', (t) => {
  const config = `${leaving[`boot/config-${V}`] ?? ''}CONFIG_CMDLINE="memhp_default_state=online"\n`;
  t.is(linted({...leaving, [`boot/config-${V}`]: config}).answer.plugged.fates[0]?.state, 'online');
  t.is(
    linted({...leaving, [`boot/config-${V}`]: config, 'etc/kernel/cmdline': 'memhp_default_state=offline'}).answer
      .plugged.fates[0]?.state,
    'offline',
  );
});

test("GRUB's defaults and its grub.cfg are compared", (t) => {
  const {findings, answer} = linted({
    ...kernels,
    'boot/grub/grub.cfg': GRUB,
    'etc/default/grub': 'GRUB_CMDLINE_LINUX="movable_node"\n',
  });
  t.is(answer.plugged.fates[0]?.state, 'online');
  t.deepEqual(
    findings
      .filter(({id}) => id === 'root/boot-stale')
      .map(({file, line, message}) => `${file}:${line} ${message.split(',')[0] ?? ''}`),
    [
      'etc/default/grub:1 movable_node is not what boots (GRUB',
      'boot/grub/grub.cfg:10 auto_online_blocks=online boots',
    ],
  );
});

test('kernels are counted as people count them', (t) => {
  const sorted = ['6.1.0-9-amd64', '6.1.0-44-amd64', '6.10.0', '6.9.12', '6.1.0', '6.17.0~rc1', '6.17.0'].sort(
    compareKernelNames,
  );
  t.deepEqual(sorted, ['6.1.0', '6.1.0-9-amd64', '6.1.0-44-amd64', '6.9.12', '6.10.0', '6.17.0~rc1', '6.17.0']);
});
