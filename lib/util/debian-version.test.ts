import test from 'ava';
import {compareVersions} from './debian-version.ts';

test("versions in Debian's order", (t) => {
  const sorted = [
    '5.10.0-46-amd64',
    '6.1.0-0.deb11.52-amd64',
    '6.1.0-47-amd64',
    '6.1.0-56-amd64',
    '6.12.9+deb13-amd64',
    '6.12.90+deb12-amd64',
    '6.12.90+deb12.1-amd64',
    '6.12.118+deb13-amd64',
    '7.3~rc7-amd64',
    '7.3-amd64',
    '7.3.4+deb13-amd64',
  ];
  for (const seed of [1, 2, 3])
    t.deepEqual(
      sorted.map((_, i) => sorted[(i * 7 * seed + seed) % sorted.length] ?? '').sort(compareVersions),
      sorted,
    );
  t.is(compareVersions('1.0', '1.00'), 0);
  t.is(compareVersions('1.0~~', '1.0~'), -1);
  t.is(compareVersions('1.0a', '1.0+'), -1);
});
