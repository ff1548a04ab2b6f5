import {readdir, readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {generatedRules} from '../udev-fuzz/memory-rules.ts';
import {profileNamed} from '../../lib/conformance/udev/rules.ts';
import {profiles} from '../../lib/udev/rules/profiles.ts';
import {shippedRules} from './shipped.ts';
import type {Subject} from './subject.ts';

/** Where a rule file of the administrator's is put. */
const ETC = '/etc/udev/rules.d';

const FIELD = fileURLToPath(new URL('./corpus/', import.meta.url));

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

function ofProfiles(): Subject[] {
  return profiles.map((profile) => {
    // An override needs something to override.
    const all = profile.name === 'ovirt-override' ? [profileNamed('rhel-7.3'), profile] : [profile];
    return {
      name: `profile/${profile.name}`,
      kind: 'profile',
      files: all.map(({directory, file, rules}) => ({path: `${directory}/${file}`, text: latin1(rules)})),
    };
  });
}

async function ofField(): Promise<Subject[]> {
  const names = (await readdir(FIELD)).filter((name) => name.endsWith('.rules')).sort();
  return await Promise.all(
    names.map(async (name): Promise<Subject> => ({
      name: `field/${basename(name, '.rules')}`,
      kind: 'field',
      files: [{path: `${ETC}/60-${name}`, text: await readFile(join(FIELD, name), 'latin1')}],
    })),
  );
}

function generated(seed: number, count: number): Subject[] {
  return generatedRules(seed, count).map((text, i) => ({
    name: `generated/${seed}-${i}`,
    kind: 'generated',
    files: [{path: `${ETC}/60-generated.rules`, text: latin1(text)}],
  }));
}

/** All rule files that are tried; `cache` is undefined where those of Debian's packages are left out. */
export async function corpus({
  seed,
  count,
  cache,
  say,
}: {
  seed: number;
  count: number;
  cache: string | undefined;
  say: (line: string) => void;
}): Promise<Subject[]> {
  return [
    ...ofProfiles(),
    ...(await ofField()),
    ...(cache === undefined ? [] : await shippedRules(cache, say)),
    ...generated(seed, count),
  ];
}
