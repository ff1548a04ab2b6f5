import {tmpdir} from 'node:os';
import test from 'ava';
import {bars} from './bars.ts';
import {reportCosts} from './report.ts';

// Its time is a bar of `npm run bench` alone: other tests run beside this one.
test('the report of 10,000 records stays within its memory', async (t) => {
  const [cost] = await reportCosts(tmpdir(), 1);
  const bar = bars.find(({name}) => name === 'report of 10,000 records, memory');
  t.is(bar?.side, 'under');
  const peak = cost?.peaks[0] ?? NaN;
  t.true(peak < (bar?.limit ?? NaN), `${peak.toFixed(0)} MB`);
});
