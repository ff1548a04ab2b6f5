// The first file that runs: it must parse on any Node that knows ES modules (Ubuntu 22.04's own is 12.22), so nothing
// newer than ES2019 and no import of a file that has it.
import {readFileSync} from 'fs';

const manifest = /** @type {{engines: {node: string}}} */ (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
);
const wanted = manifest.engines.node;

/**
 * Whether `version` is in `ranges`, which package.json writes as `^20.19.0 || >=24.12.0`.
 * @param {string} version
 * @param {string} ranges
 */
export function satisfies(version, ranges) {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return ranges.split('||').some((range) => {
    const [from = 0, fromMinor = 0, fromPatch = 0] = range
      .replace(/[^\d.]/g, '')
      .split('.')
      .map(Number);
    if (major !== from) return major > from && !range.includes('^');
    return minor > fromMinor || (minor === fromMinor && patch >= fromPatch);
  });
}

if (!satisfies(process.versions.node, wanted)) {
  const versions = wanted
    .replace(/[\^>=]/g, '')
    .replace(/\.0\b/g, '')
    .split(' || ');
  console.error(
    `memhp: Node ${process.versions.node} can't run this. It needs Node ${versions.join(', ')} or a later ` +
      `release of those.`,
  );
  process.exit(2);
}
