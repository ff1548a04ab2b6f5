import {mkdtempSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import test from 'ava';
import {chromium} from 'playwright-core';
import {findCommand} from '../bootstrap/tools.js';
import {fixtureRecord, fixtureRun} from '../results/fixtures.ts';
import {writeReports} from './write.ts';

const browser = findCommand('chromium');
const scratch = mkdtempSync(join(tmpdir(), 'memhp-page-'));
test.after.always('remove the scratch directory', () => rm(scratch, {recursive: true, force: true}));

// Without a browser on the host the test is skipped, and says so in the list.
(browser === undefined ? test.skip : test)('the page of a hostile guest runs nothing and loads nothing', async (t) => {
  const run = fixtureRun({runDir: scratch});
  const hostile = '<script>document.title = "owned"</script><img src=x onerror="document.title=\'owned\'"><a href="javascript:alert(1)">x</a>';
  const [first, ...rest] = run.records;
  if (!first) throw new Error('the fixture has records');
  const record = {...first, ...fixtureRecord({outcome: 'fail', reason: hostile, console: hostile, title: hostile}), cell: first.cell, case: first.case};
  await writeReports({...run, records: [record, ...rest]}, scratch);

  const app = await chromium.launch({executablePath: browser ?? '', args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update']});
  try {
    const page = await app.newPage();
    const requests: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => errors.push(message.text()));
    const address = pathToFileURL(join(scratch, 'index.html')).href;
    await page.goto(address);
    t.notRegex(await page.title(), /owned/);
    t.deepEqual(requests, [address]);
    t.deepEqual(errors, []);
    t.is(await page.locator('script, img, a[href^="javascript:"]').count(), 0);
    t.true(await page.getByText('onerror').first().isVisible(), 'what the guest said is there to be read');
  } finally {
    await app.close();
  }
});
