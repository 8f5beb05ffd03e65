import jest from '../../jest.config.mjs';

/** See docs/mutation-testing.md. `npm run mutation` adds the folder that it works in. */
const {
  displayName: _name,
  rootDir: _root,
  ...unit
} = jest.projects.find(({ displayName }) => displayName === 'unit');

export default {
  mutate: ['src/**/*.ts', '!src/**/*.spec.ts', '!src/testing/**', '!src/index.ts'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  coverageAnalysis: 'perTest',
  jest: {
    projectType: 'custom',
    // Every spec reaches every rule through `decide`.
    enableFindRelatedTests: false,
    config: {
      ...unit,
      testMatch: ['<rootDir>/mutation/all-specs.mjs'],
      testEnvironment: './mutation/fail-fast-environment.cjs',
    },
  },
  // What ES modules of a vm context hold is not freed: a worker grows by some 10 MB with each mutant.
  maxTestRunnerReuse: 60,
  // Far above what a busy machine takes: a mutant that is only slow is none that the tests have found.
  timeoutMS: 60_000,
  // Stryker rewrites tsconfig files with TypeScript's JavaScript API, which TypeScript 7 has no more.
  ignorePatterns: ['dist', 'tsconfig*.json'],
  disableTypeChecks: true,
  reporters: ['clear-text', 'html', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: '../../reports/mutation.html' },
  jsonReporter: { fileName: '../../reports/mutation.json' },
  thresholds: { high: 95, low: 90, break: 90 },
};
