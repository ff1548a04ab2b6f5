import type {Package} from './apt.ts';

/** A file on which udevadm and the lint differ, and why, where that is known. */
export interface Difference {
  readonly name: string;
  readonly differs: readonly string[];
  readonly reason: string | undefined;
}

/** What one udevadm was asked, and how the lint compares. */
export interface Asked {
  readonly suite: string;
  readonly version: number;
  readonly kind: string;
  readonly files: number;
  /** Files that udevadm fails. */
  readonly fails: number;
  /** Remarks of udevadm, by line and level. */
  readonly remarks: number;
  readonly differences: readonly Difference[];
}

interface Page {
  readonly asked: readonly Asked[];
  readonly counts: readonly {readonly suite: string; readonly packages: number; readonly files: number}[];
  /** Different contents among the files of packages. */
  readonly distinct: number;
  /** Findings of the lint that are not syntax: by release, with all its files taken together. */
  readonly found: readonly {
    readonly suite: string;
    readonly findings: readonly string[];
    readonly own: readonly string[];
    readonly writes: number;
  }[];
  readonly missing: readonly Package[];
}

const list = (packages: readonly Package[]): string => [...new Set(packages.map(({name}) => name))].sort().join(', ');

/** What the rules of a release come to, all packages' files taken together. */
const releaseLine = ({suite, findings, own, writes}: Page['found'][number]): string =>
  `* ${suite}, all packages' files taken together: ${writes} rules that write to the state of a memory block; ` +
  `${findings.length === 0 ? 'no finding about memory' : findings.join('; ')}. Errors and warnings in udev's own package: ` +
  `${own.length === 0 ? 'none' : own.join('; ')}.`;

/** docs/udev-verify.md. */
export function pageOf({asked, counts, distinct, found, missing}: Page): string {
  const packaged = counts.map(({suite, packages, files}) => `| ${suite} | ${packages} | ${files} |`);
  const rows = asked.map(
    ({suite, version, kind, files, fails, remarks, differences}) =>
      `| ${version} (${suite}) | ${kind} | ${files} | ${fails} | ${remarks} | ${files - differences.length} ` +
      `| ${differences.length} |`,
  );
  const differing = asked.flatMap(({version, differences}) =>
    differences.map(
      ({name, differs, reason}) =>
        `* udevadm ${version}, \`${name}\`: ${differs.join('; ')}. ${reason ?? '**Not explained.**'}`,
    ),
  );
  return `# Does the lint read rules as udevd does?

Written by \`npm run udev-verify\`, which asks \`udevadm verify\` of Debian's udev, unpacked and run without installing it. A file agrees
where both pass or fail it and remark on the same lines, each as an error, a warning or a matter of style.

| udevadm | files | number | udevadm fails | its remarks | agree | differ |
|---|---|---|---|---|---|---|
${rows.join('\n')}

"packages" are all files in udev/rules.d of Debian's packages for amd64, ${distinct} different ones:

| release | packages | files |
|---|---|---|
${packaged.join('\n')}

${missing.length > 0 ? `${missing.length} packages were in the mirror's lists and not in the mirror (${list(missing)}).` : 'No package that has any was left out.'}

"strange" are the rules of [lib/udev/fixtures](../lib/udev/fixtures), one for each feature of the language and each error; a unit test
compares the lint with what udevadm said of them.

## What the lint finds in Debian's rules

${found.map((one) => releaseLine(one)).join('\n')}

What it finds in udev's own packages is so: Debian 11's commands do open a quote that they never close, which udevd forgives, and Debian 12 has
a match twice in one rule, which udevadm says as well.

## Differences

${differing.length > 0 ? differing.join('\n') : 'None.'}
`;
}
