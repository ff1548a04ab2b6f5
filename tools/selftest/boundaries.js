import boundaries from 'eslint-plugin-boundaries';
import {closed, layers} from './layers.js';

const names = Object.keys(layers);

/**
 * The linter's part that holds imports to layers.js, for the tree below `root`. Tests are free: they ship nothing.
 * @param {string} root
 * @returns {import('eslint').Linter.Config}
 */
export const boundariesOf = (root) => ({
  files: ['lib/**', 'suites/**', 'tools/**'],
  ignores: ['**/*.test.ts'],
  // The plugin's own types are of its CommonJS build and do not match what it exports to an ES module.
  plugins: {boundaries: /** @type {import('eslint').ESLint.Plugin} */ (/** @type {unknown} */ (boundaries))},
  settings: {
    'boundaries/root-path': root,
    'boundaries/elements': names.map((type) => ({type, pattern: type})),
    'boundaries/dependency-nodes': ['import', 'dynamic-import', 'export'],
    'import/resolver': {node: {extensions: ['.ts', '.js']}},
  },
  rules: {
    'boundaries/no-unknown-files': 'error',
    'boundaries/no-unknown-dependencies': 'error',
    'boundaries/dependencies': ['error', {default: 'disallow', checkAllOrigins: true, policies: policies()}],
  },
});

function policies() {
  return [
    {allow: {to: {module: {origin: ['external', 'core']}}}},
    ...Object.entries(layers).map(([type, others]) => ({
      from: {element: {type}},
      allow: {to: {element: {type: [type, ...others]}}},
    })),
    ...Object.entries(closed).map(([type, origin]) => ({from: {element: {type}}, disallow: {to: {module: {origin}}}})),
  ];
}
