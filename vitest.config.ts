import { defineConfig } from 'vitest/config';

// Two tiers. `npm test` runs the project `quick` and stays under 15 minutes on two cores; `npm run test:full` runs both.
// A file named *.full.test.ts belongs to the long sweeps. Layers are imported as `#layer`; the `source` condition
// resolves them to the TypeScript sources.
const include = ['src', 'test', 'examples', 'course'];
const full = include.map((folder) => `${folder}/**/*.full.test.ts`);

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source', 'node'] } },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // The JSON report is what .ci/run counts from.
    reporters: ['default', 'json'],
    outputFile: { json: '.cache/test-report.json' },
    projects: [
      {
        extends: true,
        test: { name: 'quick', include: include.map((folder) => `${folder}/**/*.test.ts`), exclude: full },
      },
      {
        extends: true,
        test: { name: 'full', include: full, testTimeout: 1_800_000, hookTimeout: 600_000 },
      },
    ],
  },
});
