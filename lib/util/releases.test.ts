import test from 'ava';
import {compareReleases} from './releases.ts';

for (const [a, b, sign] of [
  ['6.12.9-amd64', '6.2', 1],
  ['5.10.0', '5.10', 0],
  ['6.1', '6.1.1', -1],
  ['7.2.13+deb14-amd64', '7.2', 1],
  ['10.0', '9.9', 1],
] as const) {
  test(`${a} against ${b} is ${sign}`, (t) => {
    t.is(compareReleases(a, b), sign);
    t.is(compareReleases(b, a) + sign, 0);
  });
}
