import {defineConfig} from 'eslint/config';
import tseslint from 'typescript-eslint';
import {boundariesOf} from './lib/selftest/boundaries.js';

export default defineConfig(
  {ignores: ['node_modules/', 'memhp-runs/', 'test-results/', 'coverage/', 'reports/']},
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
    linterOptions: {reportUnusedDisableDirectives: 'error'},
    rules: {
      // A forgotten await is a check that never ran: a false pass.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true}],
      '@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'inline-type-imports'}],
      eqeqeq: 'error',
      'max-lines': ['error', 300],
      'no-control-regex': 'error',
    },
  },
  boundariesOf(import.meta.dirname),
);
