import {defineConfig} from 'eslint/config';
import tseslint from 'typescript-eslint';
import {boundariesOf} from './tools/selftest/boundaries.js';

export default defineConfig(
  {ignores: ['node_modules/', 'memhp-runs/', 'dist/', 'test-results/', 'coverage/', 'reports/']},
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
    linterOptions: {reportUnusedDisableDirectives: 'error'},
    rules: {
      // A forgotten await is a check that never ran: a false pass.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true}],
      '@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'inline-type-imports'}],
      '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_'}],
      eqeqeq: 'error',
      'max-lines': ['error', 300],
      'no-control-regex': 'error',
    },
  },
  {
    files: ['**/*.js'],
    // A cast in a JSDoc comment is invisible to these rules; tsc checks the same files and sees it.
    rules: {'@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off'},
  },
  {
    files: ['suites/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'MemberExpression[property.name=/^(qmp|session|template)$/], ObjectPattern > ' +
            'Property[key.name=/^(qmp|session|template)$/]',
          message: 'A suite speaks to guest and t alone: what it lacks is a verb in lib/conformance.',
        },
      ],
    },
  },
  boundariesOf(import.meta.dirname),
);
