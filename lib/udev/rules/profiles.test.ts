import test from 'ava';
import {effectOf} from '../predict/effect.ts';
import {policies} from '../guest.ts';
import {parseRules} from './parse.ts';
import {profiles} from './profiles.ts';

for (const {name, directory, file, rules, plugged, offlined} of profiles) {
  const files = [parseRules(`${directory}/${file}`, Buffer.from(rules))];

  test(`${name}: udevd finds no fault with the rules`, (t) => {
    t.deepEqual(
      files.flatMap(({problems}) => problems.filter(({level}) => level !== 'info')),
      [],
    );
  });

  for (const virt of ['kvm', 'qemu']) {
    for (const policy of policies) {
      const guest = {virt, arch: 'x86-64', policy};
      test(`${name}: what the table says of ${virt} with policy ${policy} is what the rules do`, (t) => {
        t.deepEqual(effectOf(files, guest, 'add', true).outcome, [...plugged[policy]].sort());
        t.deepEqual(effectOf(files, guest, 'offline', true).outcome, [offlined]);
        t.deepEqual(effectOf(files, guest, 'online', true).outcome, ['unchanged']);
      });
    }
  }
}

const outcome = (name: string, virt: string, arch: string): readonly string[] => {
  const profile = profiles.find((one) => one.name === name);
  const files = [parseRules('rules', Buffer.from(profile?.rules ?? ''))];
  return effectOf(files, {virt, arch, policy: 'offline'}, 'add', true).outcome;
};

const elsewhere: readonly [profile: string, virt: string, arch: string, outcome: readonly string[]][] = [
  ['rhel-7.3', 'none', 'x86-64', ['online']],
  ['rhel-7.3', 'kvm', 's390x', ['online', 'unchanged']], // "uname -p" is "unknown" without Red Hat's patch
  ['rhel-7.6-ga', 'none', 'x86-64', ['online']], // systemd-detect-virt fails on bare metal, so never online_movable
  ['rhel-7.6', 'none', 'x86-64', ['online']],
  ['rhel-7.6', 'kvm', 'ppc64-le', ['online']],
  ['rhel-8', 'none', 'x86-64', ['online_movable']],
  ['rhel-8', 'kvm', 's390x', ['unchanged']],
  ['rhel-8', 'kvm', 'ppc64-le', ['unchanged']],
  ['rhel-10', 'none', 'arm64', ['online_movable']],
  ['sles-12', 'none', 'x86-64', ['unchanged']],
  ['sles-12', 'zvm', 's390x', ['unchanged']],
  ['sles-12', 'kvm', 's390x', ['online']],
  ['sles-15', 'none', 'x86-64', ['online']],
  ['sles-15', 'kvm', 's390x', ['unchanged']],
  ['sles-15', 'kvm', 'ppc64-le', ['online']],
  ['ubuntu', 'microsoft', 'x86-64', ['online']],
  ['ubuntu', 'xen', 'x86-64', ['online']],
  ['ubuntu', 'vmware', 'x86-64', ['unchanged']],
  ['openeuler', 'kvm', 'arm64', ['online']],
  ['ovirt-override', 'none', 'x86-64', ['unchanged']],
];

for (const [profile, virt, arch, wanted] of elsewhere) {
  test(`${profile} on ${virt} ${arch}`, (t) => {
    t.deepEqual(outcome(profile, virt, arch), wanted);
  });
}
