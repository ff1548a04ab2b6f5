import test from 'ava';
import {satisfies} from './node-version.js';

const ranges = '^20.19.0 || ^22.20.0 || >=24.12.0';

for (const [version, wanted] of [
  ['12.22.12', false],
  ['18.20.8', false],
  ['20.18.9', false],
  ['20.19.0', true],
  ['20.20.2', true],
  ['21.7.0', false],
  ['22.19.9', false],
  ['22.20.0', true],
  ['23.11.0', false],
  ['24.11.9', false],
  ['24.12.0', true],
  ['25.0.0', true],
] as const) {
  test(`Node ${version} is ${wanted ? 'good' : 'refused'}`, (t) => {
    t.is(satisfies(version, ranges), wanted);
  });
}
