// Whatever a guest's files say: each parser either gives back exactly what the text says, or throws Broken.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import {damaged, thrownBy} from '../util/fixtures/damage.ts';
import {Broken} from '../util/errors.ts';
import {parseBlocks} from './blocks.ts';
import {parseIomem} from './iomem.ts';
import {parseMeminfo} from './meminfo.ts';
import {parseObservation} from './observation.ts';
import {parseZoneinfo} from './zoneinfo.ts';

const observation = readFileSync(new URL('./fixtures/debian-13-mixed.txt', import.meta.url), 'utf8');
const lines = observation.split('\n');
/** The observation with a change in its lines `FILE:LINE`. */
const changed = (change: (text: string) => string): string => change(observation);
const file = (path: string): string =>
  lines
    .filter((line) => line.startsWith(`${path}:`))
    .map((line) => `${line.slice(path.length + 1)}\n`)
    .join('');
const squeezed = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replaceAll(/ +/g, ' ').trimEnd()).filter((line) => line !== '');
/** Numbers are compared as they stand, so that 007 and 7 are the same and nothing else is. */
const number = (digits: string): string => digits.replace(/^0+(?=[0-9a-f])/, '');

/** A parser, the text of a real guest, and what the parser must have understood of any text that it takes. */
const parsers: Record<string, {text: string; faithful: (text: string) => [seen: unknown, said: unknown]}> = {
  meminfo: {
    text: file('/proc/meminfo'),
    faithful: (text) => [
      Object.entries(parseMeminfo(text))
        .map(([name, value]) => `${name}: ${value}`)
        .sort(),
      squeezed(text.split('\n'))
        .filter((line) => line.trim() !== '')
        .map((line) =>
          line
            .replace(/^Node \d+ /, '')
            .replace(/ kB$/, '')
            .replace(/\d+$/, number),
        )
        .sort(),
    ],
  },
  iomem: {
    text: file('/proc/iomem'),
    faithful: (text) => [
      parseIomem(text).map(
        ({start, end, name, depth}) => `${'  '.repeat(depth)}${start.toString(16)}-${(end - 1).toString(16)} : ${name}`,
      ),
      text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) =>
          line.replace(
            /^( *)([0-9a-f]+)-([0-9a-f]+)/,
            (_all, indent: string, from: string, to: string) => `${indent}${number(from)}-${number(to)}`,
          ),
        ),
    ],
  },
  zoneinfo: {
    text: file('/proc/zoneinfo'),
    faithful: (text) => {
      let zone = '';
      const said = text.split('\n').flatMap((line) => {
        const [, node, name] = /^Node (\d+), zone +(\w+)$/.exec(line) ?? [];
        if (node !== undefined) zone = `node ${number(node)} ${name ?? ''}`;
        const [, field, digits] =
          /^ +(?:pages )?(free|spanned|present|managed|start_pfn)(?: |: ) *(\d+)$/.exec(line) ?? [];
        return field === undefined ? [] : [`${zone} ${field} ${number(digits ?? '')}`];
      });
      const zones = parseZoneinfo(text).flatMap(({node, name, startPfn, ...rest}) =>
        Object.entries({...rest, start_pfn: startPfn}).map(
          ([field, value]) => `node ${node} ${name} ${field} ${value}`,
        ),
      );
      // may be left out for a zone without pages
      const isEmpty = (line: string): boolean => line.endsWith(' start_pfn 0');
      return [zones.filter((line) => !isEmpty(line)).sort(), said.filter((line) => !isEmpty(line)).sort()];
    },
  },
  blocks: {
    text: lines.slice(lines.indexOf('@links') + 1, lines.indexOf('@kernel-log')).join('\n'),
    faithful: (text) => {
      const blocks = parseBlocks(new Map(), text);
      return [
        blocks
          .flatMap(({id, nodes, linkedFrom}) => [
            ...nodes.map((node) => `memory${id} in node${node}`),
            ...linkedFrom.map((node) => `node${node} has memory${id}`),
          ])
          .sort(),
        text
          .split('\n')
          .flatMap((line) => {
            const [, block, node] = /^memory\/memory(\d+)\/node(\d+) -> \.\.\/\.\.\/node\/node\2$/.exec(line) ?? [];
            const [, from, to] = /^node\/node(\d+)\/memory(\d+) -> \.\.\/\.\.\/memory\/memory\2$/.exec(line) ?? [];
            return [
              ...(block === undefined ? [] : [`memory${number(block)} in node${number(node ?? '')}`]),
              ...(to === undefined ? [] : [`node${number(from ?? '')} has memory${number(to)}`]),
            ];
          })
          .sort(),
      ];
    },
  },
};

for (const [name, {text, faithful}] of Object.entries(parsers)) {
  test(`${name}: damaged text is refused, or read as exactly what it says`, (t) => {
    t.true(text.length > 100);
    t.deepEqual(...faithful(text));
    t.notThrows(() => {
      fc.assert(
        fc.property(damaged(fc.constant(text)), (wrong) => {
          let answer: [unknown, unknown];
          try {
            answer = faithful(wrong);
          } catch (error) {
            if (!(error instanceof Broken)) throw error;
            return;
          }
          assert.deepEqual(...answer);
        }),
        {numRuns: 300},
      );
    });
  });

  test(`${name}: any text at all is refused or read, and nothing else happens`, (t) => {
    t.notThrows(() => {
      fc.assert(
        fc.property(fc.string({unit: 'binary', maxLength: 300}), (wrong) => {
          const error = thrownBy(() => faithful(wrong));
          assert.ok(error === undefined || error instanceof Broken, String(error));
        }),
        {numRuns: 200},
      );
    });
  });
}

test('observation: damage is refused, or all that it can have changed is the view that it is in', (t) => {
  const whole = parseObservation(observation);
  t.notThrows(() => {
    fc.assert(
      fc.property(damaged(fc.constant(observation)), (wrong) => {
        const error = thrownBy(() => parseObservation(wrong));
        assert.ok(error === undefined || error instanceof Broken, String(error));
        if (error === undefined) assert.deepEqual(Object.keys(parseObservation(wrong)), Object.keys(whole));
      }),
      {numRuns: 300},
    );
  });
});

test('observation: any line that is lost is seen', (t) => {
  const whole = JSON.stringify(parseObservation(observation));
  const ignored =
    /^ (?:SUBSYSTEM|DEVICE)=|^\/proc\/stat:(?!btime)|^node\/node\d+\/meminfo:(?!Node \d+ MemTotal)|^\/proc\/zoneinfo:(?! +(?:pages )?(?:free|spanned|present|managed|start_pfn)\b|Node)/;
  for (const [i, what] of lines.entries()) {
    if (ignored.test(what) || what === '') continue;
    const text = lines.toSpliced(i, 1).join('\n');
    let seen = 'refused';
    try {
      seen = JSON.stringify(parseObservation(text));
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
    }
    t.not(seen, whole, what);
  }
});

for (const [what, wrong, message] of [
  [
    'a MemTotal that is missing is not 0',
    changed((text) => text.replace(/^\/proc\/meminfo:MemTotal.*\n/m, '')),
    '/proc/meminfo has no MemTotal',
  ],
  [
    "a node's MemTotal that is missing is not 0",
    changed((text) => text.replace(/^node\/node0\/meminfo:Node 0 MemTotal.*\n/m, '')),
    'node/node0/meminfo has no MemTotal',
  ],
  [
    'a size that is cut short',
    changed((text) => text.replace(/^(\/proc\/meminfo:MemTotal: +\d\d).*$/m, '$1')),
    /^meminfo: not "Name: number kB"/,
  ],
  [
    "a number that can't be held",
    changed((text) => text.replace(/^(\/proc\/meminfo:MemTotal: +)\d+/m, '$19007199254740993')),
    /"9007199254740993" is no number that can be held exactly/,
  ],
  [
    'no /proc/iomem',
    changed((text) => text.replaceAll(/^\/proc\/iomem:.*\n/gm, '')),
    'the observation has no /proc/iomem',
  ],
  [
    'a populated zone without start_pfn',
    changed((text) => text.replace(/^\/proc\/zoneinfo: +start_pfn: +1048576\n/m, '')),
    /has no "start_pfn"/,
  ],
  ['what a program says of a file', `grep: a word\n${observation}`, /a line of no file that was asked for: "grep:/],
  [
    "a block's id with leading zeros",
    changed((text) => text.replace('memory/memory32/state:', 'memory/memory032/state:')),
    /a line of no file that was asked for/,
  ],
] as const) {
  test(`observation, refused: ${what}`, (t) => {
    t.not(wrong, observation);
    t.throws(() => parseObservation(wrong), {instanceOf: Broken, message});
  });
}

test('a link to a block that has no files shows as a block without a state', (t) => {
  t.like(parseBlocks(new Map(), 'node/node0/memory40 -> \n')[0], {id: 40, state: '', linkedFrom: []});
});

test(
  "the kernel's log may hold the marks; a warning far down in it is not cut off, nor swallowed by an " +
    'escape sequence',
  (t) => {
    const log =
      `@links\n@kernel-log\n[1.0] \u001B]0;title without an end\n${'[1.0] x\n'.repeat(200_000)}[2.0] ` +
      `WARNING: CPU: 0\n@end\n[3.0] \u0007`;
    const {kernelLog, blocks} = parseObservation(observation.replace('\n@kernel-log\n', `\n@kernel-log\n${log}\n`));
    t.true(kernelLog.some((line) => line.includes('WARNING: CPU: 0')));
    t.is(blocks.length, 12);
  },
);

test('a flood is answered in no time, whatever it is made of', (t) => {
  const started = performance.now();
  for (const unit of [
    '@links\n',
    '@kernel-log\n',
    'Node 0, zone x\n',
    ' ',
    'free 1',
    '\u001B]',
    '\u001B[',
    '0',
    'memory/memory1/state:\n',
    'node/node0/memory1 -> /memory/memory1\n',
    ' pages free',
  ]) {
    const flood = unit.repeat(Math.ceil(2 ** 18 / unit.length));
    for (const parse of [
      parseObservation,
      parseMeminfo,
      parseIomem,
      parseZoneinfo,
      (text: string) => parseBlocks(new Map(), text),
    ]) {
      for (const text of [
        flood,
        `MemTotal: ${flood}`,
        `Node 0, zone x\n free ${flood}`,
        `${observation.slice(0, 2000)}${flood}`,
      ]) {
        const error = thrownBy(() => {
          parse(text);
        });
        t.true(error === undefined || error instanceof Broken, String(error));
      }
    }
  }
  t.true(performance.now() - started < 10_000, 'linear in the length, not more');
});
