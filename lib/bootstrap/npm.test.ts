import test from 'ava';
import {agrees} from './npm.js';

const lock = (packages: Record<string, object>): string =>
  JSON.stringify({packages: {'': {name: 'memhp'}, ...packages}});
const wanted = lock({'node_modules/a': {version: '1.0.0'}, 'node_modules/arm': {version: '2.0.0', optional: true}});

test('all that the lock asks for is there', (t) => {
  t.true(agrees(wanted, lock({'node_modules/a': {version: '1.0.0'}, 'node_modules/arm': {version: '2.0.0'}})));
});

test('an optional package of another platform may be absent, an extra one present', (t) => {
  t.true(agrees(wanted, lock({'node_modules/a': {version: '1.0.0'}, 'node_modules/extra': {version: '1.0.0'}})));
});

test('another version, a missing package and no record at all do not agree', (t) => {
  t.false(agrees(wanted, lock({'node_modules/a': {version: '1.0.1'}})));
  t.false(agrees(wanted, lock({})));
  t.false(agrees(wanted, ''));
});
