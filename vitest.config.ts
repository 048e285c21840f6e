import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/support/longest-first.js';

// Both wait as much as they work, so they share the workers: three of them keep two cores busy.
const withServers = {
  expect: { poll: { timeout: 20_000 } },
  // On a machine that others use, a clock may be late: bin/test names what passed only when it was tried again.
  retry: process.env.CI ? 2 : 0,
  sequence: { groupOrder: 2 },
  globalSetup: ['tests/support/start-postgres.ts', 'tests/support/build-programs.ts'],
  maxWorkers: 3,
};

const integration = { ...withServers, testTimeout: 60_000, hookTimeout: 60_000 };
const API = 'services/api/tests/integration/**/*.test.ts';

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          // Nothing here changes what a process shares, so a file needs none of its own.
          isolate: false,
          testTimeout: 20_000,
          sequence: { groupOrder: 1 },
          include: [
            'packages/*/tests/unit/**/*.test.ts',
            'services/*/tests/unit/**/*.test.ts',
            'tests/unit/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          ...integration,
          name: 'integration',
          include: [
            'packages/*/tests/integration/**/*.test.ts',
            'services/*/tests/integration/**/*.test.ts',
            'tests/integration/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, API],
        },
      },
      {
        test: {
          ...integration,
          name: 'api',
          // Nothing here leaves a change of what a process shares, and imports take a second a file.
          isolate: false,
          include: [API],
        },
      },
      {
        test: {
          ...withServers,
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
