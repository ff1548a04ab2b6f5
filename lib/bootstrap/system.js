// Installs what the host lacks where it may, and otherwise says how.
import {spawnSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {Stop, say} from './talk.js';
import {findCommand, missingTools} from './tools.js';

/** @typedef {import('./tools.js').Tool} Tool */

const managers = {
  apt: {
    update: ['apt-get', 'update', '-q'],
    // Another apt may be at work, above all on a machine that has just come up.
    install: ['apt-get', 'install', '-q', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'],
    byHand: ['apt-get', 'install', '-y', '--no-install-recommends'],
    has: (/** @type {string} */ name) => /Candidate: (?!\(none\))/.test(run(['apt-cache', 'policy', name]).output),
  },
  dnf: {
    update: null,
    install: ['dnf', 'install', '-q', '-y', '--setopt=install_weak_deps=False'],
    byHand: ['dnf', 'install', '-y', '--setopt=install_weak_deps=False'],
    has: (/** @type {string} */ name) => run(['dnf', '-q', 'info', name]).status === 0,
  },
};

/** @param {'run' | 'test'} purpose */
export function installTools(purpose) {
  const missing = missingTools(purpose);
  if (missing.length === 0) return;
  const manager = findCommand('apt-get') ? 'apt' : findCommand('dnf') ? 'dnf' : undefined;
  const required = missing.filter((tool) => !tool.optional);
  const prefix = howToBeRoot();
  if (manager && prefix) install(missing, manager, prefix);
  else
    stopIf(required, manager ? byHand(missing, manager) : 'Install them the way your system does it, and try again.');
  const left = missingTools(purpose);
  stopIf(
    left.filter((tool) => !tool.optional),
    'Its package is installed but did not bring it.',
  );
  for (const tool of left) say(`going on without ${tool.name}, which ${tool.for}`);
}

/**
 * @param {Tool[]} missing
 * @param {keyof typeof managers} manager
 * @param {string[]} prefix
 */
function install(missing, manager, prefix) {
  const {update, install, has} = managers[manager];
  const startedAt = Date.now();
  const fresh = update !== null && noLists();
  if (fresh) root(prefix, update);
  const required = missing.filter((tool) => !tool.optional);
  // Ubuntu has no chromium package: what is optional is only taken where there is one.
  const wanted = missing.filter((tool) => !tool.optional || packagesOf([tool], manager).every(has));
  const packages = packagesOf(wanted, manager);
  if (packages.length === 0) return;
  say(`installing ${packages.join(' ')} (${manager === 'apt' ? 'apt-get' : manager})`);
  let result = root(prefix, [...install, ...packages]);
  if (result.status !== 0 && update && !fresh) {
    root(prefix, update); // lists that are out of date name packages that are gone
    result = root(prefix, [...install, ...packages]);
  }
  if (result.status === 0) say(`installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  else stopIf(required, `Installing failed:\n\n${result.output}`);
}

/**
 * @param {Tool[]} missing
 * @param {keyof typeof managers} manager
 */
export function byHand(missing, manager) {
  const {update, byHand} = managers[manager];
  const command = [
    ...(update ? [`${update[0] ?? ''} ${update[1] ?? ''}`] : []),
    [...byHand, ...packagesOf(missing, manager)].join(' '),
  ].join(' && ');
  const asRoot = findCommand('sudo') ? `sudo sh -c '${command}'` : `su -c '${command}'`;
  return `It may not install anything without a password. Run\n\n  ${asRoot}\n\nand try again.`;
}

/**
 * @param {Tool[]} missing
 * @param {string} advice
 */
function stopIf(missing, advice) {
  if (missing.length > 0) throw new Stop(`this host lacks ${names(missing)}. ${advice}`);
}

/** What to put before a command to run it as root; undefined where that needs a password. */
function howToBeRoot() {
  if (process.getuid?.() === 0) return [];
  return findCommand('sudo') && run(['sudo', '-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined;
}

/**
 * @param {string[]} prefix
 * @param {string[]} command
 */
const root = (prefix, command) => run([...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command]);

/** @param {string[]} words */
function run([file = '', ...args]) {
  const {status, error, stdout, stderr} = spawnSync(file, args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});
  return {status, output: error ? error.message : `${stdout}${stderr}`};
}

/** A container's apt often knows no package at all. */
function noLists() {
  try {
    return !readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch {
    return true;
  }
}

/** @param {Tool[]} tools */
const names = (tools) => tools.map(({name}) => name).join(', ');

/**
 * The packages that bring them; of several names, by release, the first that there is here.
 * @param {Tool[]} tools
 * @param {keyof typeof managers} manager
 * @param {(name: string) => boolean} [has]
 */
export const packagesOf = (tools, manager, has = managers[manager].has) => [
  ...new Set(
    tools.map(({packages}) => {
      const names = packages[manager].split('|');
      return (names.length > 1 && names.find(has)) || (names.at(-1) ?? '');
    }),
  ),
];
