import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {parse} from 'yaml';
import {z} from 'zod';
import {root} from '../../../lib/util/paths.ts';
import {lintFiles} from '../../../lib/udev/lint/files.ts';
import {parseRules} from '../../../lib/udev/rules/parse.ts';
import {predict} from '../../../lib/udev/predict/predict.ts';
import type {Happening} from '../../../lib/udev/predict/types.ts';
import {inWords} from '../../../lib/udev/predict/words.ts';

const dir = join(root, 'tools/udev-effect/corpus');
const entry = z.strictObject({
  about: z.string(),
  /** Findings of the lint on memory, without `memory/`, on all guests. */
  findings: z.array(z.string()),
  /** By block and event: what becomes of it; several where it depends. */
  effects: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  dependsOn: z.array(z.string()).optional(),
});
const corpus = z.record(z.string(), entry).parse(parse(readFileSync(join(dir, 'corpus.yaml'), 'utf8')));

const KVM = {virt: 'kvm', arch: 'x86-64', systemd: 252, kernel: '6.1.0', dmi: {sys_vendor: 'QEMU', product_name: 'PC'}};

/** `memory40 plugged, policy online` or `memory40 there and offline` (the policy is offline then). */
function eventOf(name: string): {policy: 'online' | 'offline'; event: Happening} {
  const [, number, kind, word] = /^memory(\d+) (plugged, policy|there and) (online|offline)$/.exec(name) ?? [];
  if (number === undefined || (word !== 'online' && word !== 'offline')) throw new Error(`no event: ${name}`);
  const block = Number(number);
  return kind === 'there and'
    ? {policy: 'offline', event: {kind: 'trigger', block, state: word}}
    : {policy: word, event: {kind: 'plug', block}};
}

for (const [name, {findings, effects, dependsOn}] of Object.entries(corpus)) {
  const path = `${name}.rules`;
  const bytes = readFileSync(join(dir, path));

  test(`${name}: what the lint says of it`, (t) => {
    const found = lintFiles([{path, bytes}]).findings.filter(({id}) => id.startsWith('memory/'));
    t.deepEqual([...new Set(found.map(({id}) => id.slice('memory/'.length)))].sort(), [...findings].sort());
  });

  test(`${name}: what it does to a block`, (t) => {
    const files = [parseRules(path, bytes)];
    const depends = new Set<string>();
    for (const [what, wanted] of Object.entries(effects)) {
      const {policy, event} = eventOf(what);
      const {outcomes, dependsOn: names} = predict(files, {...KVM, policy}, event);
      t.deepEqual(
        outcomes.map((outcome) => inWords(outcome, policy)),
        [wanted].flat(),
        what,
      );
      t.is(names.length > 0, outcomes.length > 1, `${what}: what it depends on`);
      for (const one of names) depends.add(one);
    }
    t.deepEqual([...depends].sort(), [...(dependsOn ?? [])].sort());
  });
}

test('each file has its entry, and each entry its file', (t) => {
  const files = readdirSync(dir)
    .filter((name) => name.endsWith('.rules'))
    .map((name) => name.replace('.rules', ''));
  t.deepEqual(files.sort(), Object.keys(corpus).sort());
});

test('what is asked of an old udevd or another machine', (t) => {
  const outcome = (name: string, guest: object, block = 40): string[] => {
    const files = [parseRules(name, readFileSync(join(dir, `${name}.rules`)))];
    const where = {...KVM, policy: 'offline' as const, ...guest};
    return predict(files, where, {kind: 'plug', block}).outcomes.map((one) => inWords(one, 'offline'));
  };
  t.deepEqual(outcome('any-case', {systemd: 256}), ['offline']);
  t.deepEqual(outcome('any-case', {systemd: 257}), ['online default by rule line 1']);
  t.deepEqual(outcome('online-file-words', {kernel: '5.10.0'}, 41), ['offline refused online="True" EINVAL']);
  t.deepEqual(outcome('online-file-words', {kernel: '6.14.0'}, 43), ['online default by rule line 7']);
  t.deepEqual(outcome('program-prints-the-word', {virt: 'none'}), ['online Movable by rule line 2']);
  t.deepEqual(outcome('only-other-vendors', {virt: 'xen', dmi: {sys_vendor: 'Xen', product_name: 'HVM domU'}}), [
    'online default by rule line 7',
  ]);
  t.deepEqual(outcome('guard-that-works', {virt: 'zvm', arch: 's390x', dmi: undefined}), ['offline']);
  t.deepEqual(outcome('reads-before-write', {systemd: 258}), ['online Movable by rule line 2']);
});
