import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Image} from '../../image/image.ts';
import type {Member} from '../../image/cpio.ts';
import {root} from '../../util/paths.ts';

/** Kernel parameter of a boot with udevd alone. */
export const RDINIT = 'rdinit=/memhp/rdinit';

/**
 * Can a guest come up with udevd alone, without its distribution's services? One that is built of packages can: it has
 * a shell and modprobe in its initrd, and its root on the first disk. What is to be run in it before the freeze may
 * need services.
 */
export const canBeUdevdAlone = ({boot, login, disk, prepare}: Image): boolean =>
  boot.how === 'direct' && login.how === 'ssh' && disk !== undefined && prepare.length === 0;

const own = (name: string): Buffer => readFileSync(join(root, 'lib/machine/udevd-alone', name));
const files = {rdinit: own('rdinit'), init: own('init')};

/** What of it goes into a template's key. */
export const udevdAloneKey = Object.values(files).map(String);

/** What lies behind the initrd for it. `serve` is the script that serves memhp's shells. */
export const udevdAlone = (serve: string): Member[] => [
  {path: 'memhp', kind: 'dir'},
  {path: 'memhp/rdinit', kind: 'file', data: files.rdinit, mode: 0o755},
  {path: 'memhp/init', kind: 'file', data: files.init},
  {path: 'memhp/serve', kind: 'file', data: Buffer.from(serve)},
];
