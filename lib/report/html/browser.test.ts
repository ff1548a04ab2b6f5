import {mkdtempSync} from 'node:fs';
import {readFile, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import test from 'ava';
import {chromium} from 'playwright-core';
import {findCommand} from '../../bootstrap/tools.js';
import {fixtureRecord, fixtureRun} from '../../results/fixtures.ts';
import {outcomes, record as recordFormat} from '../../results/record.ts';
import type {Stored} from '../../results/store.ts';
import type {UdevFact} from '../../results/udev.ts';
import {writeReports} from '../write.ts';

const browser = findCommand('chromium');
const scratch = mkdtempSync(join(tmpdir(), 'memhp-page-'));
test.after.always('remove the scratch directory', () => rm(scratch, {recursive: true, force: true}));

/** Everything that a page could take for more than text. `there` is a server that would see whatever is loaded. */
const hostile = (there: string): string =>
  [
    '<script>document.title = "owned"</script>',
    '</script></style></title></pre></svg>',
    '<img src=x onerror="document.title=\'owned\'">',
    `<img src="${there}/img">`,
    `<link rel=stylesheet href="${there}/css">`,
    `<style>@import url(${there}/import); *{background:url(${there}/background)}</style>`,
    `<iframe src="${there}/frame"></iframe>`,
    `<meta http-equiv=refresh content="0;url=${there}/refresh">`,
    `<base href="${there}/">`,
    `<form action="${there}/form"><button autofocus onfocus="document.title='owned'">x</button></form>`,
    '<svg onload="document.title=\'owned\'">',
    '<a href="javascript:document.title=\'owned\'">x</a>',
    '<details open ontoggle="document.title=\'owned\'">',
    '" onmouseover="document.title=\'owned\'" x="',
    "' autofocus onfocus='document.title=1' '",
    '`',
    '${document.title}',
    '{{7*7}}',
    '&lt;script&gt;',
    '<!--',
    '-->',
    ']]>',
    '<![CDATA[',
    '<?xml version="1.1"?>',
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    '\u0000\u0007\u001B[31mred\u001B]0;title\u0007',
    '\u202Egnp.exe',
    '\u2028',
    '\uFFFE\uD800',
    '| a | b |',
    '\\|',
    '`` ` ``',
    '[x](javascript:alert(1))',
    '![x](https://evil.example/x.png)',
    '# heading',
  ].join(' ');

/** The same value with every string in it replaced, keys too. */
function poisoned(value: unknown, text: string): unknown {
  if (typeof value === 'string') return text;
  if (Array.isArray(value)) return value.map((one) => poisoned(one, text));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, poisoned(one, text)]));
  return value;
}

/** A record of which everything is the guest's, but what the format itself holds to a form. */
function recordOfHostile(like: Stored, text: string): Stored {
  const {case: id, cell, outcome, startedAt, runDir, missing} = like;
  const udev: UdevFact = {
    version: text,
    policy: text,
    files: 1,
    digest: text,
    memoryFiles: [{path: text, sha256: text, lines: [{line: 1, text}]}],
    findings: [{id: text, level: text, place: text, message: text}],
    read: [text],
    blocks: [
      {
        block: text,
        zone: text,
        createdMs: 0,
        attempts: [{by: 'udev', rule: text, task: text, pid: 1, file: text, ms: 1, result: text}],
      },
    ],
    msToLastBlock: 1,
  };
  const wrong = poisoned(like, text) as Stored;
  return {
    ...wrong,
    ...recordFormat.parse({
      ...wrong,
      case: `${id}-hostile`,
      outcome,
      startedAt,
      cell: {
        ...cell,
        guest: text,
        distro: text,
        release: text,
        kernel: text,
        arch: text,
        machine: text,
        vmm: {name: text, version: text},
      },
      facts: {...wrong.facts, [text]: text, udev},
      known: [
        {id: text, explanation: text, link: 'javascript:document.title="owned"'},
        {id: text, explanation: text, link: text},
      ],
      stale: [text],
      claims: [text],
      append: text,
      evidence: '../../../etc',
      console: `${text}\n${'x'.repeat(10 * 2 ** 20)}`,
    }),
    runDir,
    missing,
  };
}

// Without a browser on the host the test is skipped, and says so in the list.
(browser === undefined ? test.skip : test)(
  'the page of a hostile guest runs nothing and loads nothing, and the other formats stay whole',
  async (t) => {
    const wanted: string[] = [];
    const server = createServer((request, response) => {
      wanted.push(request.url ?? '');
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const run = fixtureRun({runDir: scratch});
    const text = hostile(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const bad = outcomes.map((outcome) =>
      recordOfHostile(run.records.find((one) => one.outcome === outcome) ?? fixtureRecord(), text),
    );
    await writeReports(
      {
        ...run,
        run: {...run.run, host: {...run.run.host, cpu: text, accelReason: text}, memhp: text},
        records: [...bad, ...run.records],
      },
      scratch,
    );

    const app = await chromium.launch({
      executablePath: browser ?? '',
      args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
    });
    try {
      const page = await app.newPage();
      const requests: string[] = [];
      const errors: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => errors.push(message.text()));
      page.on('dialog', (dialog) => errors.push(dialog.message()));
      const address = pathToFileURL(join(scratch, 'index.html')).href;
      await page.goto(address);
      const title = await page.title();
      t.regex(title, /^memhp: /);
      await page.evaluate(`
      for (const one of document.querySelectorAll('details')) one.open = true;
      for (const one of document.querySelectorAll('a, summary, [tabindex]')) one.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));`);
      t.is(await page.title(), title);
      t.deepEqual(requests, [address]);
      t.deepEqual(errors, []);
      const made =
        'script, img, iframe, object, embed, link, base, form, button, input, video, audio, title ~ title, ' +
        'style ~ style, [href^="javascript:" i], [href*="127.0.0.1"], [href*=".."]';
      t.is(await page.locator(made).count(), 0);
      t.deepEqual(
        await page.evaluate<string[]>(
          "[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames().filter((name) => " +
            '/^on|^style$|^autofocus$/.test(name)))',
        ),
        [],
      );
      t.is(await page.locator('meta[http-equiv]').count(), 1, 'the policy alone');
      t.true(await page.getByText('onerror').first().isVisible(), 'what the guest said is there to be read');

      const xml = await readFile(join(scratch, 'junit.xml'), 'utf8');
      const [broken, cases] = await page.evaluate<[string | null, number]>(`(() => {
      const parsed = new DOMParser().parseFromString(${JSON.stringify(xml)}, 'application/xml');
      return [parsed.querySelector('parsererror')?.textContent ?? null, parsed.querySelectorAll('testcase').length];
    })()`);
      t.is(broken, null);
      t.is(cases, run.records.length + bad.length);
      t.notRegex(xml, /<!ENTITY|<!\[CDATA/);
      const markdown = await readFile(join(scratch, 'report.md'), 'utf8');
      const tags = markdown.replaceAll(/\]\(<[^<>\n]*>\)/g, ']').match(/<[a-z/!?][^>]*>?/gi) ?? [];
      t.deepEqual([...new Set(tags)].sort(), ['</code>', '<code>'], 'no HTML of the guest');
      t.notRegex(markdown, /(?<!\\)\]\(<?javascript/i);
    } finally {
      await app.close();
    }
    t.deepEqual(wanted, [], 'nobody has asked the server for anything');
  },
);
