import {z} from 'zod';
import {packageName, suite, validUntil} from '../debian/fields.ts';

/** What a guest file says of a suite's packages. */
export const schema = z.strictObject({
  suite,
  kernel: packageName.describe('package that brings the kernel, e.g. linux-image-amd64'),
  kernelSuite: suite
    .optional()
    .describe('suite of the same mirror that the kernel package comes from, e.g. bookworm-backports; absent: suite'),
  include: z.array(packageName).default([]).describe('packages beyond those that memhp needs'),
  validUntil,
});
export type PackagesSource = z.infer<typeof schema>;
