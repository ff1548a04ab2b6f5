import {z} from 'zod';
import {Broken, UsageError} from '../../../util/errors.ts';
import {packageName, suite, validUntil} from '../debian/fields.ts';
import type {GuestSource} from '../source.ts';
import {microImage} from './image.ts';
import {kernelFromPackage} from './kernel-package.ts';

const schema = z
  .strictObject({
    suite: suite.optional(),
    kernel: packageName.optional().describe('package that brings the kernel; absent: --kernel gives it'),
    validUntil,
  })
  .refine(
    ({suite, kernel}) => (suite === undefined) === (kernel === undefined),
    'expected suite and kernel, or neither',
  );

/** As microImage, with a kernel that comes from a package. */
export const micro: GuestSource<z.infer<typeof schema>> = {
  title: 'a kernel and a generated initramfs, no userland',
  schema,
  /** Never told: the kernel's file goes in, and it is in a package. */
  key: () => Promise.resolve(undefined),
  async build(manifest, {suite, kernel, validUntil}, {serve, ...options}) {
    if (serve === undefined) throw new Broken(`${manifest.name}: a micro guest without a shell server`);
    if (suite === undefined || kernel === undefined)
      throw new UsageError(`${manifest.name}: its manifest names no kernel package; give the kernel with --kernel`);
    const unpacked = await kernelFromPackage(manifest, {suite, kernel, validUntil}, options);
    const {name, distro, release, prepare} = manifest;
    return await microImage({...unpacked, name, distro, release, prepare}, {...options, serve});
  },
};
