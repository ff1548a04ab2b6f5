import {joined} from '../tree/nodes.ts';
import type {Tree} from '../tree/tree.ts';
import {confFiles, linesOf} from '../conf-dirs.ts';
import {deedsOf} from './commands.ts';
import {settingNames, type Setting} from './setting.ts';
import type {Agent} from './units.ts';

/** Scripts that other things than systemd's units start: rc.local, OpenRC's local.d, cron. */
export function scriptAgents(tree: Tree): Agent[] {
  const boot = [
    'etc/rc.local',
    'etc/rc.d/rc.local',
    ...tree
      .names('etc/local.d')
      .filter((name) => name.endsWith('.start'))
      .map((name) => joined('etc/local.d', name)),
  ];
  const cron = [
    'etc/crontab',
    ...tree.names('etc/cron.d').map((name) => joined('etc/cron.d', name)),
    ...['hourly', 'daily'].flatMap((when) =>
      tree.names(`etc/cron.${when}`).map((name) => joined(`etc/cron.${when}`, name)),
    ),
  ];
  const seen = new Set<string>();
  return [...boot.map((path) => ({path, watches: false})), ...cron.map((path) => ({path, watches: true}))].flatMap(
    ({path, watches}): Agent[] => {
      const found = tree.file(path);
      if (found?.kind !== 'file' || seen.has(found.path)) return [];
      seen.add(found.path);
      if (!watches && !found.executable) return []; // a start script that nobody may run is not run
      const deeds = deedsOf(Buffer.from(found.bytes).toString(), path, 1, path);
      return deeds.settings.length === 0
        ? []
        : [{name: path, settings: deeds.settings, watches: watches || deeds.watches}];
    },
  );
}

/**
 * Debian's sysfsutils: `devices/system/memory/auto_online_blocks = online` in sysfs.conf, written at boot where the
 * package is there.
 */
export function sysfsSettings(tree: Tree): Setting[] {
  if (
    ![
      'etc/init.d/sysfsutils',
      'usr/lib/systemd/system/sysfsutils.service',
      'lib/systemd/system/sysfsutils.service',
    ].some((path) => tree.has(path))
  )
    return [];
  const own = tree.text('etc/sysfs.conf');
  const files = [
    ...(own === undefined ? [] : [{path: 'etc/sysfs.conf', text: own}]),
    ...confFiles(tree, 'sysfs.d', ['etc']),
  ];
  return files.flatMap(({path, text}) =>
    linesOf(text).flatMap(({line, text: one}): Setting[] => {
      const [, name, value] =
        /^\s*\/?(?:sys\/)?(?:devices\/system\/memory|module\/memory_hotplug\/parameters)\/(\w+)\s*=\s*(\S+)/.exec(
          one,
        ) ?? [];
      const known = settingNames.find((setting) => setting === name);
      return known === undefined ? [] : [{name: known, value, place: {path, line}, by: 'sysfsutils'}];
    }),
  );
}
