import type {Image} from './image.ts';
import type {Manifest, MicroSource} from './manifest.ts';
import type {EnsureOptions} from './ensure.ts';
export async function microFromPackages(_manifest: Manifest, _source: MicroSource, _options: EnsureOptions): Promise<Image> {
  throw new Error('not yet');
}
