import test from 'ava';
import {fixtureHead, fixtureRecord} from '../results/fixtures.ts';
import type {Json} from '../results/record.ts';
import type {LoadedRun} from '../results/store.ts';
import type {UdevFact} from '../results/udev.ts';
import {renderHtml} from './html/html.ts';
import {renderMarkdown} from './markdown.ts';
import {viewOf} from './view.ts';

const RULE = 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"';
const PLACE = '/usr/lib/udev/rules.d/40-redhat.rules:12';

const attempt = {
  by: 'udev',
  rule: PLACE,
  task: '(udev-worker)',
  pid: 365,
  file: 'state',
  ms: 84.25,
  result: 'online',
} as const;

const fact: UdevFact = {
  version: '239',
  policy: 'offline',
  files: 41,
  digest: 'abcdef0123456789abcdef',
  memoryFiles: [
    {path: '/usr/lib/udev/rules.d/40-redhat.rules', sha256: '0123456789abcdef0123', lines: [{line: 12, text: RULE}]},
  ],
  findings: [
    {id: 'memory/non-movable', level: 'warning', place: `${PLACE}:70`, message: 'plugged memory goes to Normal'},
  ],
  read: ['online'],
  blocks: [
    {
      block: 'memory32',
      zone: 'Normal',
      createdMs: 0,
      attempts: [attempt, {...attempt, by: 'process', rule: null, task: 'agent', result: 'too late'}],
    },
    {block: 'memory33', zone: null, createdMs: 4.1, attempts: []},
  ],
  msToLastBlock: 84,
};

const run = (udev: Json): LoadedRun => {
  const record = fixtureRecord({case: 'udev/effect', facts: {udev}});
  return {run: fixtureHead([record]), records: [record], superseded: []};
};
const page = (loaded: LoadedRun): string => [...renderHtml(viewOf(loaded, '/runs/example'))].join('');
const markdown = (loaded: LoadedRun): string => renderMarkdown(viewOf(loaded, '/runs'));

test('a section for each guest: files, rules, findings, who onlined which block, how soon', (t) => {
  const text = page(run(fact));
  for (const part of [
    '<section id="udev">',
    '<h3>debian-11</h3>',
    '41, SHA-256 of all abcdef0123456789…',
    '<th scope="row">/usr/lib/udev/rules.d/40-redhat.rules:12</th><td><span class="v">SUBSYSTEM==&quot;memory&quot;',
    '<td>memory/non-movable</td>',
    `<th scope="row">memory32</th><td>udev (${PLACE})</td><td>Normal</td><td>84 ms</td><td>process agent: ` +
      `too late</td>`,
    '<th scope="row">memory33</th><td>nobody</td><td>offline</td><td>—</td><td>—</td>',
  ])
    t.true(text.includes(part), part);
  t.false(text.includes('<dt>udev</dt>'), 'not among the other facts as well');
});

test('the same in Markdown', (t) => {
  const text = markdown(run(fact));
  t.regex(text, /## What udev does\n\n### debian-11\n\n- systemd: 239\n/);
  t.regex(text, /\| memory32 \| udev \(.*40-redhat.*:12\) \| Normal \| 84 ms \| process agent: too late \|/);
  t.regex(text, /\| rule \| text \|/);
});

test('no rule for memory is said so', (t) => {
  const none = {...fact, memoryFiles: [], findings: []};
  t.regex(page(run(none)), /No rule writes to the state of memory blocks/);
  t.regex(markdown(run(none)), /No rule writes to the state of memory blocks/);
});

test('a run without that case has no such section; neither has one whose fact is something else', (t) => {
  for (const other of [null, 'yes', {version: 239}, {...fact, blocks: 'all'}]) {
    t.false(page(run(other)).includes('id="udev"'));
    t.notRegex(markdown(run(other)), /What udev does/);
  }
});

test('nothing of a guest becomes markup', (t) => {
  const evil = `</td><script>alert(1)</script>|\n# "x"`;
  const bad: UdevFact = {
    ...fact,
    version: evil,
    policy: evil,
    digest: evil,
    read: [evil],
    memoryFiles: [{path: evil, sha256: evil, lines: [{line: 1, text: evil}]}],
    findings: [{id: evil, level: evil, place: evil, message: evil}],
    blocks: [
      {
        block: evil,
        zone: evil,
        createdMs: 0,
        attempts: [
          {...attempt, rule: evil, task: evil},
          {...attempt, result: evil, rule: null, task: evil},
        ],
      },
    ],
  };
  t.notRegex(page(run(bad)), /<script|<\/td><\/td><script/);
  const text = markdown(run(bad));
  t.notRegex(text, /^# "x"/m);
  for (const line of text.split('\n').filter((one) => one.startsWith('| <') || one.includes('script')))
    t.notRegex(line, /(?<!`.*)<script/, line);
});
