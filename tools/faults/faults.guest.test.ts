// A sample of `npm run faults`: each of these kinds once, at moments that the seed gives.
import test from 'ava';
import {ensureImage} from '../../lib/image/ensure.ts';
import {directBoot} from '../../lib/image/image.ts';
import {defaultGuest, loadManifest} from '../../lib/image/manifest.ts';
import {serve} from '../../lib/run/guest-script.ts';
import {cacheDir} from '../../lib/util/paths.ts';
import {rounds} from './rounds.ts';

const SAMPLE = [
  'qemu-killed',
  'qemu-stopped',
  'qmp-cut',
  'panic-nmi',
  'template-truncated',
  'cache-full',
  'out-full',
  'no-memory',
  'clock-jumps',
  'memhp-term',
  'memhp-kill',
  'worker-kill',
];

test(
  'whatever happens in the middle of a run, each verdict is the true one or none, nothing is left behind, ' +
    'and the run can go on',
  async (t) => {
    const options = {cache: cacheDir(), serve, log: console.error};
    const {kernel} = directBoot(await ensureImage(await loadManifest(defaultGuest()), options));
    const ended = await rounds({
      kernel,
      count: SAMPLE.length,
      seed: 5,
      only: SAMPLE,
      told: ({kind, moment, hit, seconds}) => {
        t.log(`${kind}, ${hit ? moment : 'missed'}: ${seconds.toFixed(1)} s`);
      },
    });
    t.deepEqual(
      ended.flatMap(({kind, moment, problems}) => problems.map((problem) => `${kind}, ${moment}: ${problem}`)),
      [],
    );
    t.true(ended.filter(({hit}) => hit).length > SAMPLE.length / 2, 'most moments come before the run is over');
  },
);
