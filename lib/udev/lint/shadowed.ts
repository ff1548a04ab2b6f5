import {effective, MASK, type Layer} from '../rules/layers.ts';
import {lintFiles, unreadable, type About, type Linted} from './files.ts';
import {treeFindings} from './tree.ts';

/** Findings on rules directories as a whole: of the files that udevd reads, and of those that it does not. */
export function lintLayers(layers: readonly Layer[], about: About = {}): Linted {
  const chosen = effective(layers);
  const read = chosen.filter(({unread}) => unread === undefined);
  const linted = lintFiles(read, about);
  const broken = chosen.flatMap(({path, unread}) =>
    unread === undefined || unread === MASK ? [] : [unreadable(path, unread)],
  );
  return {...linted, findings: [...broken, ...treeFindings(layers, linted.files), ...linted.findings]};
}
